//! Does the same for many things at the same time, but not for all at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};

/// The results of `work` for each item, in their order; at most `most` at the same time.
pub fn each<T: Sync, R: Send>(items: &[T], most: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return done };
            done.push((index, work(item)));
        }
    };
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..most.min(items.len())).map(|_| scope.spawn(share)).collect();
        workers.into_iter().flat_map(joined).collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The same; of those that have one group, at most `most_of_one` at the same time: a slow group leaves
/// room for the others.
pub fn each_of_groups<T: Sync, R: Send>(
    items: &[T],
    (most, most_of_one): (usize, usize),
    group: impl Fn(&T) -> Option<String>,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let groups: Vec<Option<String>> = items.iter().map(group).collect();
    let (queue, ended) = (Mutex::new(Backlog::of(items.len())), Condvar::new());
    let locked = || queue.lock().unwrap_or_else(PoisonError::into_inner);
    let share = |_: &()| {
        let mut done = Vec::new();
        let mut queue = locked();
        while !queue.open.is_empty() {
            let Some(index) = queue.next(&groups, most_of_one) else {
                queue = ended.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(queue);
            done.push((index, work(&items[index])));
            queue = locked();
            queue.running.retain(|other| *other != index);
            ended.notify_all();
        }
        done
    };
    let shares = each(&vec![(); most.min(items.len())], most, share);
    let mut done: Vec<(usize, R)> = shares.into_iter().flatten().collect();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What is to be done, and what is being done, as indices.
struct Backlog {
    open: Vec<usize>,
    running: Vec<usize>,
}

impl Backlog {
    fn of(length: usize) -> Self {
        Backlog { open: (0..length).collect(), running: Vec::new() }
    }

    /// Takes the first one whose group has room; `None` if all have to wait.
    fn next(&mut self, groups: &[Option<String>], most_of_one: usize) -> Option<usize> {
        let has_room = |index: &usize| {
            let is_alike = |other: &&usize| groups[**other] == groups[*index];
            groups[*index].is_none() || self.running.iter().filter(is_alike).count() < most_of_one
        };
        let place = self.open.iter().position(has_room)?;
        let index = self.open.remove(place);
        self.running.push(index);
        Some(index)
    }
}

/// How many threads this machine runs at the same time.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The result of a thread. A panic in it becomes a panic here.
pub fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_number_at_once() {
        let (now, highest) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items: Vec<usize> = (0..100).collect();
        let doubled = each(&items, 3, |item| {
            highest.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
            item * 2
        });
        assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert!(highest.into_inner() <= 3);
        assert_eq!(each(&items[..0], 3, |item| *item), Vec::<usize>::new());
    }

    /// Those of the slow group wait for the last of the others, which come after them.
    #[test]
    fn a_slow_group_leaves_room() {
        let (others, ended) = (Mutex::new(3), Condvar::new());
        let items = ["slow", "slow", "slow", "slow", "a", "", "b"];
        let most = AtomicUsize::new(0);
        let slow = AtomicUsize::new(0);
        let group = |item: &&str| (!item.is_empty()).then(|| (*item).to_owned());
        let lengths = each_of_groups(&items, (3, 2), group, |item| {
            let mut others = others.lock().unwrap();
            if *item != "slow" {
                *others -= 1;
                ended.notify_all();
                return item.len();
            }
            most.fetch_max(slow.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            while *others > 0 {
                others = ended.wait(others).unwrap();
            }
            slow.fetch_sub(1, Ordering::SeqCst);
            item.len()
        });
        assert_eq!(lengths, [4, 4, 4, 4, 1, 0, 1]);
        assert_eq!(most.into_inner(), 2);
    }
}
