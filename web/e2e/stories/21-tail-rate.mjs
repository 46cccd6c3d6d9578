// The live tail at the rate it is told at: 200 rows a second, while somebody types. What is measured is the time from a
// key press to the next frame after it was handled.
const ROWS_A_SECOND = 200;
const SECONDS = 5;
const KEYS = 40;

export const alone = true;

export default async function ({ story, report, page, go, server, workload, expect, WAIT }) {
  await story(`the tail takes ${ROWS_A_SECOND} rows a second and keys stay quick`, async () => {
    const { items } = await server.api("/traces?limit=1&status=ok");
    const row = items[0];
    // Real rows at an exact rate: the stream is made in the page, because a debug build on a busy machine cannot be held to one.
    await page.addInitScript(
      ({ row, rate, seconds }) => {
        const real = window.fetch;
        window.fetch = (input, init) => {
          if (!String(input).includes("/live/traces")) return real(input, init);
          const encoder = new TextEncoder();
          let sent = 0;
          const body = new ReadableStream({
            start(controller) {
              const began = performance.now();
              const timer = setInterval(() => {
                const due = Math.min(rate * seconds, Math.floor(((performance.now() - began) / 1000) * rate));
                let text = "";
                for (; sent < due; sent += 1) {
                  const data = { ...row, span_id: sent.toString(16).padStart(32, "f"), started_at: new Date().toISOString() };
                  text += `event: trace\nid: ${sent + 1}\ndata: ${JSON.stringify(data)}\n\n`;
                }
                if (text) controller.enqueue(encoder.encode(text));
                window.tailSent = sent;
                if (sent >= rate * seconds) clearInterval(timer);
              }, 20);
            },
          });
          return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
        };
      },
      { row, rate: ROWS_A_SECOND, seconds: SECONDS },
    );
    await go(`/traces?workload=${workload}`);
    await page.getByText(/^Live\./).waitFor(WAIT);
    await page.waitForFunction(() => (window.tailSent ?? 0) > 100, undefined, WAIT);
    await page.evaluate(() => {
      window.delays = [];
      const box = document.createElement("input");
      box.setAttribute("aria-label", "typed while rows come");
      document.querySelector("main").prepend(box);
      box.focus();
      box.addEventListener("keydown", (event) => {
        requestAnimationFrame(() => window.delays.push(performance.now() - event.timeStamp));
      });
    });
    for (let i = 0; i < KEYS; i += 1) {
      await page.keyboard.press("a");
      await page.waitForTimeout(60);
    }
    const delays = (await page.evaluate(() => window.delays)).sort((a, b) => a - b);
    expect(delays.length === KEYS, `${delays.length} of ${KEYS} keys were seen`);
    await page.waitForFunction((all) => window.tailSent >= all, ROWS_A_SECOND * SECONDS, WAIT);
    const shown = await page.locator("[data-tail]").innerText();
    expect(/\d/.test(shown), "the tail says how many rows it shows");
    report.measure("input delay at 200 rows/s, 95th percentile", delays[Math.floor(delays.length * 0.95)], 100, "ms");
    report.measure("input delay at 200 rows/s, median", delays[Math.floor(delays.length / 2)], 100, "ms");
  });
}
