//! Figures that change slowly and cost much to count: counted anew at most once a minute, whoever asks.

use std::time::Duration;

use tokio::sync::Mutex;

use crate::problem::Reply;

const FOR: Duration = Duration::from_secs(60);

/// The last count, and the uptime it was made at.
#[derive(Debug)]
pub(crate) struct Minutely<T>(Mutex<Option<(Duration, T)>>);

impl<T> Default for Minutely<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Minutely<T> {
    /// The last count, or what `count` gives now. Held meanwhile: of many who ask at once, one counts.
    pub(crate) async fn get(&self, now: Duration, count: impl Future<Output = Reply<T>>) -> Reply<T> {
        let mut known = self.0.lock().await;
        if let Some((at, value)) = &*known
            && now.saturating_sub(*at) < FOR
        {
            return Ok(value.clone());
        }
        let value = count.await?;
        *known = Some((now, value.clone()));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Failure;

    #[tokio::test]
    async fn it_is_counted_once_a_minute_and_a_failure_is_not_kept() {
        let slow = Minutely::default();
        let at = Duration::from_secs;
        assert!(slow.get(at(0), async { Err(Failure::bad("no")) }).await.is_err());
        assert_eq!(slow.get(at(1), async { Ok(1) }).await.unwrap(), 1);
        assert_eq!(slow.get(at(60), async { Ok(2) }).await.unwrap(), 1);
        assert_eq!(slow.get(at(61), async { Ok(3) }).await.unwrap(), 3);
    }
}
