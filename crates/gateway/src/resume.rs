//! A stream that breaks off after its first token, gone on with elsewhere where the policy says so: the next deployment of
//! the chain gets the request with what was said so far as the beginning of its answer, and what it adds follows on the
//! same connection. Only for chat completions, whose events stand each for itself, and for text: half a call of a tool
//! cannot be gone on with.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};
use weir_core::{
    NanoUsd,
    decision::{Decision, Health},
    deployment::{Deployment, Dialect},
    policy::FailureClass,
};
use weir_providers::{
    dialect::text,
    exchange::{Entry, Inbound},
    transport,
};
use weir_router::Shape;

use crate::{
    State,
    attempt::{Failure, Leg, Outbound, Tried, Turn, attempt},
    dispatch::{MOST_ATTEMPTS, too_dear},
    flight::Flight,
};

static CHAT: Entry = Entry::Body(Dialect::OpenaiChat);

/// What asking again takes.
pub(crate) struct Resume {
    /// As it was asked.
    body: Bytes,
    headers: HeaderMap,
    lenient: bool,
    /// Who comes after the one that serves.
    legs: VecDeque<Leg>,
    /// What the first choice was expected to cost.
    first_cost: Option<NanoUsd>,
    decision: Arc<Decision>,
    max_cost: Option<NanoUsd>,
    limits: transport::Limits,
    input_estimate: u64,
    shape: Shape,
    hops: HeaderValue,
}

/// A call under way, and what it comes to.
pub(crate) type Asking = BoxFuture<'static, (Arc<Deployment>, Tried)>;

impl Resume {
    /// `None` where the policy does not want it, the answer is no stream of chat chunks, or nobody is left to go on.
    pub(crate) fn of(
        request: &Outbound<'_>,
        decision: &Arc<Decision>,
        body: &Bytes,
        flight: &Flight,
    ) -> Option<Box<Self>> {
        let inbound = request.inbound;
        let wanted = decision.plan.rules.continue_streams && inbound.peek.stream && inbound.is_chat();
        if !wanted || inbound.dialect() != Dialect::OpenaiChat {
            return None;
        }
        let served_by = flight.last_deployment();
        let served = request.legs.iter().position(|leg| Some(&leg.deployment.id) == served_by)?;
        // Whoever was passed over for another region comes last; whom the policy replaced does not come.
        let (passed, behind) = request.legs.split_at(served);
        let passed = passed.iter().filter(|leg| flight.has_left_a_region() && !flight.has_asked(&leg.deployment.id));
        let legs: VecDeque<Leg> = behind.iter().skip(1).chain(passed).cloned().collect();
        (!legs.is_empty()).then(|| {
            Box::new(Self {
                body: body.clone(),
                headers: request.headers.clone(),
                lenient: request.lenient,
                legs,
                first_cost: request.legs.first().and_then(|leg| leg.cost),
                decision: Arc::clone(decision),
                max_cost: request.max_cost,
                limits: request.limits,
                input_estimate: request.input_estimate,
                shape: request.shape,
                hops: request.hops.clone(),
            })
        })
    }

    /// Asks the next deployment to go on after a failure of this class; `None` when nobody can or may.
    pub(crate) fn next(
        &mut self,
        state: &Arc<State>,
        flight: &Flight,
        class: FailureClass,
    ) -> Option<(Arc<Deployment>, Asking)> {
        let rules = &self.decision.plan.rules;
        class.named().filter(|class| rules.on.contains(class))?;
        let left = self.limits.total.checked_sub(flight.age()).filter(|left| !left.is_zero())?;
        if flight.attempts() >= MOST_ATTEMPTS {
            return None;
        }
        let body = begun(&self.body, flight.answer.so_far()?)?;
        let spent = flight.cost();
        let leg = loop {
            let leg = self.legs.pop_front()?;
            let rests = !self.legs.is_empty() && leg.vital.health(state.clock.elapsed()) == Health::Open;
            if !rests && too_dear(rules, self.max_cost, spent, leg.cost, Some(self.first_cost)).is_none() {
                break leg;
            }
        };
        let turn = Turn { left, last: self.legs.is_empty(), spent };
        let deployment = Arc::clone(&leg.deployment);
        let (state, decision) = (Arc::clone(state), Arc::clone(&self.decision));
        let (headers, hops, lenient) = (self.headers.clone(), self.hops.clone(), self.lenient);
        let (max_cost, limits, input_estimate, shape) = (self.max_cost, self.limits, self.input_estimate, self.shape);
        let asking = async move {
            let now_s = state.clock.now().as_millis() / 1_000;
            let inbound = match Inbound::read(&CHAT, &body, now_s) {
                Ok(inbound) => inbound,
                Err(bad) => {
                    let result = Err(Failure::new(FailureClass::Caller, bad.to_string()));
                    return (
                        leg.deployment,
                        Tried { result, status: None, dropped: Vec::new(), first: Duration::ZERO },
                    );
                }
            };
            let request = Outbound {
                inbound: &inbound,
                headers,
                lenient,
                legs: &[],
                detours: &[],
                plan: &decision.plan,
                max_cost,
                limits,
                input_estimate,
                shape,
                hops,
            };
            let tried = attempt(&state, &leg, &request, turn).await;
            (leg.deployment, tried)
        };
        Some((deployment, Box::pin(asking)))
    }
}

/// The request with the text of these events as the beginning of its answer; `None` where they cannot be gone on with.
fn begun(body: &[u8], events: &[u8]) -> Option<Bytes> {
    let said = text::answer(events);
    if said.text.is_empty() || !said.tool_calls.is_empty() || said.refusal.is_some() {
        return None;
    }
    let mut request: Map<String, Value> = serde_json::from_slice(body).ok()?;
    if request.get("n").is_some_and(|n| n.as_u64() != Some(1)) {
        return None;
    }
    let messages = request.get_mut("messages")?.as_array_mut()?;
    messages.push(json!({"role": "assistant", "content": said.text}));
    serde_json::to_vec(&request).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(delta: &str) -> String {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n")
    }

    #[test]
    fn what_was_said_begins_the_answer_and_half_a_call_does_not() {
        let body = br#"{"model":"m","messages":[{"role":"user","content":"count"}],"top_p":0.5,"stream":true}"#;
        let events = [event(r#"{"role":"assistant"}"#), event(r#"{"content":"one, "}"#), event(r#"{"content":"two"}"#)];
        let next: Value = serde_json::from_slice(&begun(body, events.concat().as_bytes()).unwrap()).unwrap();
        assert_eq!(next["messages"][1], json!({"role": "assistant", "content": "one, two"}));
        assert_eq!((&next["top_p"], &next["stream"]), (&json!(0.5), &json!(true)));

        let call = event(r#"{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"a"}}]}"#);
        assert_eq!(begun(body, (events.concat() + &call).as_bytes()), None);
        assert_eq!(begun(body, event(r#"{"role":"assistant"}"#).as_bytes()), None, "nothing was said");
        let two = br#"{"model":"m","n":2,"messages":[]}"#;
        assert_eq!(begun(two, events.concat().as_bytes()), None, "which of the two?");
    }
}
