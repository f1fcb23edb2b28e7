//! Fleets in the simulated world: the real driver, deployed from many seeds.
//!
//! A seed that fails is printed with its faults; `SIMULATION_SEED=17` runs that seed alone, and
//! `SIMULATION_SEEDS=100000` as many as that.

mod aside;
mod fleets;
mod held;
mod kills;
mod pace;
mod planted;
mod rehearse;
mod runs;
mod seeds;
mod takeover;
