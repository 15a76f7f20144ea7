//! When to ask again: politely, and not for ever. Pure.

use std::time::Duration;

use super::answer::{ImageAnswer, Reply};

/// How many times in a row a registry that has answered before may be out of reach.
const TOLERATED: u32 = 4;

/// The state of one wait.
#[derive(Debug)]
pub(super) struct Backoff {
    pause: Duration,
    longest: Duration,
    answered: bool,
    failures: u32,
}

impl Backoff {
    /// Pauses of `first`, doubled each time up to `longest`.
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Backoff { pause: first, longest, answered: false, failures: 0 }
    }

    /// The pause before the next question, or `None` if `reply` is final with `left` to wait.
    ///
    /// A registry that can't be reached at all is told at once; one that says when to come back,
    /// or has answered before, gets a few chances. A wish beyond the end of the wait ends it.
    pub(super) fn next(&mut self, reply: &Reply, left: Duration) -> Option<Duration> {
        match &reply.answer {
            ImageAnswer::Present { .. } | ImageAnswer::Denied => return None,
            ImageAnswer::Absent => (self.answered, self.failures) = (true, 0),
            ImageAnswer::Unreachable { .. } => {
                let hopeful = self.answered || reply.retry_after.is_some();
                if !hopeful || self.failures == TOLERATED {
                    return None;
                }
                self.failures += 1;
            }
        }
        let wish = reply.retry_after.unwrap_or_default();
        if left.is_zero() || wish > left {
            return None;
        }
        let pause = self.pause.max(wish).min(left);
        self.pause = self.pause.saturating_mul(2).min(self.longest);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn absent() -> Reply {
        ImageAnswer::Absent.into()
    }

    fn failed(wish: Option<u64>) -> Reply {
        Reply { retry_after: wish.map(Duration::from_secs), ..Reply::unreachable("x") }
    }

    /// The pauses in seconds after each of `replies`, with an hour left.
    fn check(replies: &[Reply], expected: &[Option<u64>]) {
        let mut backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(60));
        let pauses: Vec<_> =
            replies.iter().map(|reply| backoff.next(reply, HOUR).map(|p| p.as_secs())).collect();
        assert_eq!(pauses, expected, "{replies:?}");
    }

    #[test]
    fn pauses() {
        let absents: Vec<Reply> = (0..6).map(|_| absent()).collect();
        check(&absents, &[Some(5), Some(10), Some(20), Some(40), Some(60), Some(60)]);
        check(&[ImageAnswer::Present { digest: None }.into()], &[None]);
        check(&[absent(), ImageAnswer::Denied.into()], &[Some(5), None]);
        check(&[failed(None)], &[None]);
        check(&[failed(Some(7)), failed(None)], &[Some(7), None]);
        check(&[failed(Some(0)), absent(), failed(None)], &[Some(5), Some(10), Some(20)]);
        check(
            &[absent(), failed(None), failed(Some(90)), failed(None), failed(None), failed(None)],
            &[Some(5), Some(10), Some(90), Some(40), Some(60), None],
        );
        check(&[failed(Some(3601))], &[None]);
    }

    #[test]
    fn the_last_pause_ends_with_the_wait() {
        let mut backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(60));
        let second = Duration::from_secs(1);
        assert_eq!(backoff.next(&absent(), second), Some(second));
        assert_eq!(backoff.next(&absent(), Duration::ZERO), None);
    }
}
