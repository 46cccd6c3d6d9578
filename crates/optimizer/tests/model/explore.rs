//! Breadth-first search over a finite world.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Debug,
    hash::Hash,
};

/// Something that can be explored.
pub(crate) trait World: Clone + Eq + Hash + Debug {
    /// A move and where it leads; `Err` is a broken law.
    type Move: Clone + Debug;
    /// Every move from here.
    fn moves(&self) -> Vec<(Self::Move, Result<Self, String>)>;
    /// A law that holds in every state.
    fn law(&self) -> Result<(), String>;
    /// Nothing is left to happen to it.
    fn is_over(&self) -> bool;
}

/// What a search saw.
#[derive(Debug)]
pub(crate) struct Explored {
    pub(crate) states: usize,
    pub(crate) moves: usize,
    pub(crate) depth: usize,
    /// States that no sequence of moves leads out of to an end.
    pub(crate) stuck: usize,
}

/// Explores everything that can be reached.
///
/// # Errors
/// The first broken law, with the shortest way to it.
pub(crate) fn explore<W: World>(start: W) -> Result<Explored, String> {
    let mut seen: HashMap<W, usize> = HashMap::from([(start.clone(), 0)]);
    let mut parents: Vec<(usize, Option<W::Move>)> = vec![(0, None)];
    let mut depths = vec![0_usize];
    let mut over = vec![start.is_over()];
    let mut into: Vec<Vec<u32>> = vec![Vec::new()];
    let mut queue = VecDeque::from([start]);
    let mut moves = 0;
    while let Some(world) = queue.pop_front() {
        let from = seen[&world];
        world.law().map_err(|law| told(&parents, from, None, &law))?;
        for (what, next) in world.moves() {
            moves += 1;
            let next = next.map_err(|law| told(&parents, from, Some(&what), &law))?;
            let known = seen.len();
            let at = *seen.entry(next.clone()).or_insert(known);
            if at == known {
                parents.push((from, Some(what)));
                depths.push(depths[from] + 1);
                over.push(next.is_over());
                into.push(Vec::new());
                queue.push_back(next);
            }
            into[at].push(from as u32);
        }
    }
    let mut ends: Vec<usize> = over.iter().enumerate().filter(|(_, over)| **over).map(|(at, _)| at).collect();
    while let Some(at) = ends.pop() {
        for &from in &into[at] {
            if !std::mem::replace(&mut over[from as usize], true) {
                ends.push(from as usize);
            }
        }
    }
    let stuck = over.iter().filter(|over| !**over).count();
    Ok(Explored { states: seen.len(), moves, depth: depths.into_iter().max().unwrap_or(0), stuck })
}

fn told<M: Debug>(parents: &[(usize, Option<M>)], at: usize, last: Option<&M>, law: &str) -> String {
    let mut way: Vec<String> = last.map(|what| format!("{what:?}")).into_iter().collect();
    let mut at = at;
    while let (before, Some(what)) = &parents[at] {
        way.push(format!("{what:?}"));
        at = *before;
    }
    way.reverse();
    format!("{law}, after: {}", way.join(", "))
}
