//! The program in a real terminal (tmux's): what fills the screen, what the keys do, and that the
//! terminal is given back in every case. `tmux` is the terminal, `run` the program in it.

mod ends;
mod keys;
mod run;
mod screen;
mod tmux;
