//! Small workspaces with one planted fault each, and counterparts without it.

mod circles;
mod forbidden;
mod macros;
mod map;
mod program;
mod support;
mod unreadable;
