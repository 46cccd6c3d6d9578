import type { Calibration } from "../../api/types";
import { Interval } from "../../charts/Interval";
import { MIN_N_BUCKET } from "../../lib/bounds";
import { count, difference, percent } from "../../lib/format";
import { Card } from "../../ui/Card";
import { type Column, Table } from "../../ui/Table";

type Part = Calibration["by_family"][number];

/** Bias of one part of the answers after the other. */
export function Parts({ title, question, parts }: { title: string; question: string; parts: Part[] }) {
  const columns: Column<Part>[] = [
    {
      key: "name",
      title: title.replace("By ", "").replace(/^./, (letter) => letter.toUpperCase()),
      head: true,
      cell: (part) => part.name,
      value: (part) => part.name,
    },
    { key: "n", title: "Labels", numeric: true, cell: (part) => count(part.agreement?.n), value: (part) => part.agreement?.n ?? null },
    {
      key: "agreement",
      title: "Agreement",
      numeric: true,
      cell: (part) => percent(part.agreement?.value, 0),
      value: (part) => part.agreement?.value ?? null,
    },
    { key: "bias", title: "Bias", numeric: true, cell: (part) => difference(part.bias?.value), value: (part) => part.bias?.value ?? null },
    {
      key: "band",
      title: "95 % band",
      wide: true,
      cell: (part) => (part.bias ? <Interval {...part.bias} domain={[-1, 1]} mark={0} pale={part.bias.n < MIN_N_BUCKET} /> : null),
    },
  ];
  return (
    <Card title={title} question={question}>
      <Table label={`Bias ${title.toLowerCase()}`} columns={columns} rows={parts} rowKey={(part) => part.name} />
    </Card>
  );
}
