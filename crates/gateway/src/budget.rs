//! What a key with a budget has left of its day. What a request is expected to cost is reserved before its first call,
//! and replaced by what it did cost once it is on record, so that requests in flight together cannot all spend the
//! same dollar. Counted by the hour, and begun from what the store holds: a restart forgives nothing.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use weir_core::{NanoUsd, Problem, Timestamp, error};

use crate::{State, attempt::Leg, flight::Flight};

const HOUR_S: u32 = 3_600;
/// Of which the present one is the last.
const HOURS: u32 = 24;

/// Those of all keys that have one and have called.
#[derive(Debug, Default)]
pub(crate) struct KeyBudgets(Mutex<HashMap<Arc<str>, KeyBudget>>);

/// One key's.
#[derive(Debug, Default)]
struct KeyBudget {
    /// By hours since the epoch; of the last day only.
    spent: BTreeMap<i64, NanoUsd>,
    /// For requests in flight.
    reserved: NanoUsd,
}

impl KeyBudget {
    /// Spent in the last day and reserved, once older hours are forgotten.
    fn gone(&mut self, hour: i64) -> NanoUsd {
        self.spent = self.spent.split_off(&(hour - i64::from(HOURS) + 1));
        self.spent.values().copied().sum::<NanoUsd>() + self.reserved
    }
}

impl KeyBudgets {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, KeyBudget>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn knows(&self, key: &str) -> bool {
        self.lock().contains_key(key)
    }

    /// Begins a key's budget from what it spent by the hour, unless it has one.
    fn open(&self, key: &Arc<str>, spent: BTreeMap<i64, NanoUsd>) {
        self.lock().entry(Arc::clone(key)).or_insert(KeyBudget { spent, reserved: NanoUsd::ZERO });
    }

    /// Reserves `cost` of the `most` that the key may spend in a day, and says what was left of it before.
    ///
    /// # Errors
    /// What is gone, where `cost` is more than what is left.
    fn take(&self, key: &str, most: NanoUsd, cost: NanoUsd, hour: i64) -> Result<NanoUsd, NanoUsd> {
        let mut budgets = self.lock();
        let Some(budget) = budgets.get_mut(key) else {
            return Err(most);
        };
        let gone = budget.gone(hour);
        // Nothing is left for what costs nothing either: spent is spent.
        if gone >= most || gone + cost > most {
            return Err(gone);
        }
        budget.reserved += cost;
        Ok(most - gone)
    }

    /// A request that had `reserved` so much did cost `cost`.
    pub(crate) fn settle(&self, key: &str, reserved: NanoUsd, cost: NanoUsd, at: Timestamp) {
        if let Some(budget) = self.lock().get_mut(key) {
            budget.reserved = budget.reserved - reserved;
            *budget.spent.entry(hour(at)).or_default() += cost;
        }
    }
}

/// Reserves what the first of `legs` is expected to cost of the caller's budget; the flight settles it. Returns what is
/// left for this request with all its calls: the lower of that and `bound`. Without a budget nothing is asked or changed.
///
/// # Errors
/// W0203 when the budget does not hold that, or the price is unknown; W0502 when the store cannot say what was spent.
pub(crate) async fn reserve(
    state: &State,
    flight: &mut Flight,
    budget: Option<NanoUsd>,
    bound: Option<NanoUsd>,
    legs: &[Leg],
) -> Result<Option<NanoUsd>, Problem> {
    let Some(most) = budget else {
        return Ok(bound);
    };
    let key = Arc::clone(&flight.tenant);
    let now = state.clock.now();
    if !state.budgets.knows(&key) {
        state.budgets.open(&key, spent(state, &key, now).await?);
    }
    let cost = legs.first().and_then(|leg| leg.cost).ok_or_else(|| {
        Problem::new(&error::BUDGET_SPENT, format!("key `{key}` has a budget, and what this costs is not known"))
            .hint("give the deployment a `price`, or take `max_usd_per_day` from the key")
    })?;
    let left = state.budgets.take(&key, most, cost, hour(now)).map_err(|gone| {
        let message = format!(
            "key `{key}` may spend ${:.6} a day, has spent or reserved ${:.6}, and this is expected to cost ${:.6}",
            most.as_usd(),
            gone.as_usd(),
            cost.as_usd()
        );
        Problem::new(&error::BUDGET_SPENT, message).hint(format!("raise `keys.{key}.max_usd_per_day`, or wait"))
    })?;
    flight.reserved = Some(cost);
    Ok(bound.into_iter().chain([left]).min())
}

/// What the store knows of the key's last day, by the hour.
async fn spent(state: &State, key: &str, now: Timestamp) -> Result<BTreeMap<i64, NanoUsd>, Problem> {
    let first = hour(now) - i64::from(HOURS) + 1;
    let since = Timestamp(0).plus(Duration::from_secs(u64::from(HOUR_S) * u64::try_from(first).unwrap_or(0)));
    let spent = state.store.key_spent(key, since).await.map_err(|failure| {
        tracing::error!("budget of a key: {failure}");
        Problem::new(&error::STORE_UNAVAILABLE, "what the key has spent cannot be read now")
    })?;
    Ok(spent.into_iter().collect())
}

/// Hours since the epoch.
fn hour(at: Timestamp) -> i64 {
    at.0.div_euclid(i64::from(HOUR_S) * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USD: NanoUsd = NanoUsd(1_000_000_000);

    fn at(hour: i64) -> Timestamp {
        Timestamp(hour * i64::from(HOUR_S) * 1_000_000)
    }

    fn budgets() -> KeyBudgets {
        let budgets = KeyBudgets::default();
        budgets.open(&"dev".into(), BTreeMap::from([(100, USD)]));
        budgets
    }

    #[test]
    fn what_is_in_flight_cannot_be_spent_twice() {
        let budgets = budgets();
        let most = NanoUsd(3 * USD.0);
        assert_eq!(budgets.take("dev", most, USD, 100), Ok(NanoUsd(2 * USD.0)));
        assert_eq!(budgets.take("dev", most, USD, 100), Ok(USD));
        assert_eq!(budgets.take("dev", most, NanoUsd(1), 100), Err(most));
        // It was cheaper than expected; the other is still in flight.
        budgets.settle("dev", USD, NanoUsd::ZERO, at(100));
        assert_eq!(budgets.take("dev", most, NanoUsd(1), 100), Ok(USD));
    }

    #[test]
    fn a_budget_that_is_spent_pays_for_nothing_until_a_day_has_passed() {
        let budgets = budgets();
        assert_eq!(budgets.take("dev", USD, NanoUsd::ZERO, 123), Err(USD));
        assert_eq!(budgets.take("dev", USD, USD, 124), Ok(USD));
        budgets.settle("dev", USD, NanoUsd(2 * USD.0), at(124));
        assert_eq!(budgets.take("dev", USD, NanoUsd::ZERO, 147), Err(NanoUsd(2 * USD.0)));
        assert_eq!(budgets.take("dev", USD, NanoUsd::ZERO, 148), Ok(USD));
    }

    #[test]
    fn a_budget_is_begun_once_and_nobody_elses_is_touched() {
        let budgets = budgets();
        budgets.open(&"dev".into(), BTreeMap::new());
        assert_eq!(budgets.take("dev", USD, NanoUsd::ZERO, 100), Err(USD));
        assert!(budgets.knows("dev") && !budgets.knows("ops"));
        assert_eq!(budgets.take("ops", USD, NanoUsd::ZERO, 100), Err(USD), "unknown is not free");
        budgets.settle("ops", USD, USD, at(100));
        assert!(!budgets.knows("ops"));
    }
}
