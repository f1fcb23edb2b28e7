//! Requests to many accounts and regions at the same time.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _};
use lakewright_template::Place;

/// The number of futures that ask in one account and region at the same time. AWS throttles the requests of an account and
/// region, and the SDK then waits.
const IN_A_PLACE: usize = 4;

/// The number of accounts and regions at the same time.
const PLACES: usize = 64;

/// The results of all futures, in the order of the futures: one that fails stops none of the others. Each asks in one account
/// and region. At most 4 run there at the same time, and in at most 64 accounts and regions.
pub async fn by_place<'p, F: Future>(
    futures: impl IntoIterator<Item = (&'p Place, F)>,
) -> Vec<F::Output> {
    let mut places: BTreeMap<&Place, Vec<(usize, F)>> = BTreeMap::new();
    for (index, (place, future)) in futures.into_iter().enumerate() {
        places.entry(place).or_default().push((index, future));
    }
    let places = places.into_values().map(|futures| {
        let numbered = futures.into_iter().map(|(index, one)| async move { (index, one.await) });
        stream::iter(numbered).buffer_unordered(IN_A_PLACE).collect::<Vec<_>>()
    });
    let done: Vec<Vec<_>> = stream::iter(places).buffer_unordered(PLACES).collect().await;
    let done: BTreeMap<usize, F::Output> = done.into_iter().flatten().collect();
    done.into_values().collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Is pending this many times, and counts the futures that run.
    async fn waits(times: usize, running: &Cell<usize>, most: &Cell<usize>) -> usize {
        running.set(running.get() + 1);
        most.set(most.get().max(running.get()));
        for _ in 0..times {
            tokio::task::yield_now().await;
        }
        running.set(running.get() - 1);
        times
    }

    #[test]
    fn results_are_in_order_and_few_run_at_once_in_a_place() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let place = |number: usize| {
            Place::parse(&format!("{:012}", 111_111_111_111 + number), "eu-west-1")
                .expect("a place")
        };
        let places: Vec<Place> = (0..3).map(place).collect();
        for (number, several) in
            [(0, 1), (1, 1), (IN_A_PLACE, 1), (3 * IN_A_PLACE + 1, 1), (10 * IN_A_PLACE, 3)]
        {
            let (running, most) = (Cell::new(0), Cell::new(0));
            let times: Vec<usize> = (1..=number).rev().collect();
            let futures =
                times.iter().map(|one| (&places[one % several], waits(*one, &running, &most)));
            assert_eq!(runtime.block_on(by_place(futures)), times);
            assert_eq!((running.get(), most.get()), (0, number.min(several * IN_A_PLACE)));
        }
    }
}
