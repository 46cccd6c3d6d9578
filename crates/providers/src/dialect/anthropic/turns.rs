//! A conversation as Anthropic has it, and Bedrock after it: what the system says stands apart, and roles take turns.

use serde_json::Value;

use crate::{
    chat::{Losses, Message, Request, Role},
    dialect::bad::BadRequest,
};

/// Blocks of the system, and of each turn with its role.
pub(crate) type Turns = (Vec<Value>, Vec<(&'static str, Vec<Value>)>);

/// The turns of a request; `blocks` says one message. System turns in the middle move to the front, which is noted.
///
/// # Errors
/// Those of `blocks`.
pub(crate) fn turns(
    request: &Request,
    losses: &mut Losses,
    blocks: impl Fn(&Message, &mut Losses) -> Result<Vec<Value>, BadRequest>,
) -> Result<Turns, BadRequest> {
    let (mut system, mut turns) = (Vec::new(), Vec::<(&str, Vec<Value>)>::new());
    for message in &request.messages {
        let blocks = blocks(message, losses)?;
        let role = match message.role {
            Role::System => {
                if !turns.is_empty() {
                    losses.hint(format!("{}: the place of a system message", message.at));
                }
                system.extend(blocks);
                continue;
            }
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        match turns.last_mut() {
            Some((last, said)) if *last == role => said.extend(blocks),
            _ if blocks.is_empty() => {}
            _ => turns.push((role, blocks)),
        }
    }
    Ok((system, turns))
}
