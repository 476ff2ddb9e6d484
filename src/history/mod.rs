//! Many saved runs in the order of time: one series a figure, and where it changed for good.

mod change_points;
mod series;

pub use change_points::{ChangePoint, change_points};
pub use series::{History, Point, Series, read};
