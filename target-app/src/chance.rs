//! Chance that nothing has to repeat: secrets, jitter, samples.

/// The generator of the calling thread, seeded by the operating system; fit for secrets. What must
/// be the same in every run, like seeded data, takes a generator of its own with a known seed.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place from which the rest of the application takes it"
)]
pub(crate) fn rng() -> rand::rngs::ThreadRng {
    rand::rng()
}
