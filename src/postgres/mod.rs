//! A private PostgreSQL, started and stopped with the program.
