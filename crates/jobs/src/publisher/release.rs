//! A quarantine is of a deployment as it was: once its provider answers with another model, what failed is gone.

use weir_optimizer::windows::Shift;
use weir_store::{Error, Quarantine, Store};

/// Lets deployments back whose model has changed since a run sent them away.
///
/// # Errors
/// When the store cannot be used.
pub(super) async fn release(store: &Store, shifts: &[Shift]) -> Result<(), Error> {
    if shifts.is_empty() {
        return Ok(());
    }
    for out in store.quarantine_list(false).await? {
        if let Some(model) = shifts.iter().find_map(|shift| outlived(&out, shift)) {
            let actor = format!("its provider, which now answers as {model}");
            store.quarantine_lift(&out.workload, &out.deployment, &actor).await?;
            tracing::info!(deployment = %out.deployment, workload = %out.workload, model, "a quarantine was lifted: the model has changed");
        }
    }
    Ok(())
}

/// The model that has taken the place of the one that failed. A person's order stands until a person lifts it.
fn outlived<'a>(out: &Quarantine, shift: &'a Shift) -> Option<&'a str> {
    let model = shift.identity.model.as_deref()?;
    let is_other = !out.model.is_empty() && model != out.model;
    (out.run.is_some() && is_other && shift.deployment == out.deployment && shift.at > out.at).then_some(model)
}

#[cfg(test)]
mod tests {
    use weir_core::{Timestamp, span::Identity};

    use super::*;

    #[test]
    fn only_another_model_of_the_same_deployment_after_a_runs_order_lifts_it() {
        let out = Quarantine {
            workload: "maths".into(),
            deployment: "openai/small".into(),
            model: "small-1".into(),
            run: Some("run".into()),
            reason: String::new(),
            actor: "eval run".into(),
            at: Timestamp(100),
            lifted: None,
        };
        let shift = |deployment: &str, model: Option<&str>, at| Shift {
            seq: 1,
            deployment: deployment.into(),
            identity: Identity { model: model.map(Into::into), ..Identity::default() },
            at: Timestamp(at),
            after_score: 0,
        };
        let lifts = |out: &Quarantine, shift: &Shift| outlived(out, shift).is_some();
        assert!(lifts(&out, &shift("openai/small", Some("small-2"), 101)));
        assert!(!lifts(&out, &shift("openai/small", Some("small-1"), 101)), "the same model");
        assert!(!lifts(&out, &shift("openai/small", Some("small-2"), 99)), "before the order");
        assert!(!lifts(&out, &shift("openai/large", Some("small-2"), 101)), "somebody else");
        assert!(!lifts(&out, &shift("openai/small", None, 101)), "no name");
        assert!(
            !lifts(&Quarantine { run: None, ..out.clone() }, &shift("openai/small", Some("small-2"), 101)),
            "a person's order"
        );
        assert!(!lifts(
            &Quarantine { model: String::new(), ..out.clone() },
            &shift("openai/small", Some("small-2"), 101)
        ));
    }
}
