//! The futures of flows and of their transport, which are trait objects, in memory that is used again.
//! An iteration and an exchange as a `Box` each would be two allocations for each request.

#![expect(unsafe_code, reason = "a future is put into memory of its size")]

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    cell::RefCell,
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll},
};

/// Smallest size of the memory of a future, in bytes; each next size is twice as large.
const SMALLEST: usize = 512;
/// Number of sizes. A future that is larger than the largest, 16 KiB, gets memory of its own.
const SIZES: usize = 6;
/// Alignment of every size: that of what needs no special one.
const ALIGNMENT: usize = 16;
/// Most unused pieces of memory of one size that a thread keeps.
const MOST_UNUSED: usize = 256;

/// A future like a `LocalBoxFuture`. Its memory is one that a future of about its size had on this thread
/// before, where there is one.
#[must_use = "a future does nothing unless it is awaited"]
pub struct FlowFuture<'a, T = ()> {
    future: NonNull<dyn Future<Output = T> + 'a>,
    /// Where it is; present until the future is dropped.
    memory: Option<FutureMemory>,
}

impl<'a, T> FlowFuture<'a, T> {
    /// Puts a future into such memory.
    pub fn new<F: Future<Output = T> + 'a>(future: F) -> Self {
        let memory = FutureMemory::of(Layout::new::<F>());
        let place = memory.start.cast::<F>();
        // SAFETY: the memory has the size and the alignment of `F`, and nothing else is in it.
        unsafe { place.write(future) };
        Self {
            future: place,
            memory: Some(memory),
        }
    }
}

impl<T> Future for FlowFuture<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // SAFETY: the future is where `new` put it until it is dropped there, and is reached from here only.
        let future = unsafe { Pin::new_unchecked(self.future.as_mut()) };
        future.poll(context)
    }
}

impl<T> Drop for FlowFuture<'_, T> {
    fn drop(&mut self) {
        // SAFETY: `new` has put a future there, and it is not reached any more.
        unsafe { self.future.drop_in_place() };
        if let Some(memory) = self.memory.take() {
            memory.keep();
        }
    }
}

thread_local! {
    /// Memory in which there is no future, by size.
    static UNUSED: RefCell<[Vec<FutureMemory>; SIZES]> =
        const { RefCell::new([const { Vec::new() }; SIZES]) };
}

/// Memory for one future.
struct FutureMemory {
    start: NonNull<u8>,
    layout: Layout,
}

impl FutureMemory {
    /// Memory for what has this layout.
    fn of(needed: Layout) -> Self {
        let Some(size) = size_for(needed) else {
            return Self::new(needed.size().max(1), needed.align());
        };
        // A thread that ends has none any more.
        let unused = UNUSED.try_with(|unused| unused.borrow_mut()[size].pop());
        unused
            .ok()
            .flatten()
            .unwrap_or_else(|| Self::new(SMALLEST << size, ALIGNMENT))
    }

    /// New memory; `size` is not 0.
    fn new(size: usize, alignment: usize) -> Self {
        let layout = Layout::from_size_align(size, alignment)
            .expect("the layout of a type, or one of the sizes");
        // SAFETY: the size is not 0.
        let start = unsafe { alloc(layout) };
        let Some(start) = NonNull::new(start) else {
            handle_alloc_error(layout)
        };
        Self { start, layout }
    }

    /// Keeps it for another future.
    fn keep(self) {
        let Some(size) = size_for(self.layout) else {
            return;
        };
        let _thread_ends = UNUSED.try_with(|unused| {
            let mut unused = unused.borrow_mut();
            if unused[size].len() < MOST_UNUSED {
                unused[size].push(self);
            }
        });
    }
}

impl Drop for FutureMemory {
    fn drop(&mut self) {
        // SAFETY: `new` has allocated it with this layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// The number of the smallest size in which there is room; `None` where there is in none.
fn size_for(needed: Layout) -> Option<usize> {
    let times = needed.size().div_ceil(SMALLEST).max(1);
    let size = times.next_power_of_two().ilog2() as usize;
    (size < SIZES && needed.align() <= ALIGNMENT).then_some(size)
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        panic::{AssertUnwindSafe, catch_unwind},
        rc::Rc,
        task::Waker,
    };

    use super::*;

    fn poll<T>(future: &mut FlowFuture<'_, T>) -> Poll<T> {
        Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    fn place<T>(future: &FlowFuture<'_, T>) -> NonNull<u8> {
        future.future.cast()
    }

    /// A future that holds so many bytes while it waits, and returns their sum.
    fn sum_of<const BYTES: usize>() -> FlowFuture<'static, usize> {
        FlowFuture::new(async {
            let bytes = [1_u8; BYTES];
            ready(()).await;
            bytes.iter().map(|byte| usize::from(*byte)).sum()
        })
    }

    #[test]
    fn the_memory_of_a_future_that_ended_is_that_of_the_next_one_of_its_size() {
        let mut first = FlowFuture::new(async { 1 });
        let memory = place(&first);
        assert_eq!(poll(&mut first), Poll::Ready(1));
        drop(first);
        let second = FlowFuture::new(async { "another type" });
        assert_eq!(place(&second), memory);
        // Two at once share nothing.
        let third = FlowFuture::new(async { 3 });
        assert_ne!(place(&third), memory);
        // One that never ran gives it back too.
        drop(second);
        let mut fourth = FlowFuture::new(pending::<()>());
        assert_eq!(place(&fourth), memory);
        assert!(poll(&mut fourth).is_pending());
    }

    #[test]
    fn a_future_of_any_size_and_alignment_runs() {
        #[repr(align(128))]
        struct Aligned([u8; 3]);
        for _ in 0..3 {
            assert_eq!(poll(&mut FlowFuture::new(ready(()))), Poll::Ready(()));
            assert_eq!(poll(&mut sum_of::<0>()), Poll::Ready(0));
            assert_eq!(poll(&mut sum_of::<500>()), Poll::Ready(500));
            assert_eq!(poll(&mut sum_of::<511>()), Poll::Ready(511));
            assert_eq!(poll(&mut sum_of::<4_000>()), Poll::Ready(4_000));
            assert_eq!(poll(&mut sum_of::<40_000>()), Poll::Ready(40_000));
            let mut aligned = FlowFuture::new(async {
                let held = Aligned([1, 2, 3]);
                ready(()).await;
                (std::ptr::from_ref(&held).addr() % 128, held.0)
            });
            assert_eq!(poll(&mut aligned), Poll::Ready((0, [1, 2, 3])));
        }
    }

    #[test]
    fn there_is_room_in_the_size_that_is_taken_and_in_none_below_it() {
        for bytes in 0..=20_000 {
            let size = size_for(Layout::from_size_align(bytes, 8).unwrap());
            assert_eq!(size.is_some(), bytes <= SMALLEST << (SIZES - 1), "{bytes}");
            if let Some(size) = size {
                assert!(bytes <= SMALLEST << size, "{bytes}");
                assert!(size == 0 || bytes > SMALLEST << (size - 1), "{bytes}");
            }
        }
        assert_eq!(size_for(Layout::from_size_align(8, 64).unwrap()), None);
    }

    #[test]
    fn what_a_future_holds_is_dropped_once_whether_it_ran_to_its_end_or_not() {
        let held = Rc::new(());
        let holding = |ends: bool| {
            let held = Rc::clone(&held);
            FlowFuture::new(async move {
                if !ends {
                    pending::<()>().await;
                }
                drop(held);
            })
        };
        let (mut ended, mut waiting, new) = (holding(true), holding(false), holding(true));
        assert!(poll(&mut ended).is_ready());
        assert!(poll(&mut waiting).is_pending());
        assert_eq!(Rc::strong_count(&held), 3);
        drop((ended, waiting, new));
        assert_eq!(Rc::strong_count(&held), 1);
    }

    #[test]
    fn a_future_that_panics_is_dropped_and_its_memory_used_again() {
        let held = Rc::new(());
        let holding = Rc::clone(&held);
        let mut panics: FlowFuture<'_> = FlowFuture::new(async move {
            assert_eq!(Rc::strong_count(&holding), 0, "a bug in a flow");
        });
        let memory = place(&panics);
        catch_unwind(AssertUnwindSafe(|| poll(&mut panics))).unwrap_err();
        drop(panics);
        assert_eq!(Rc::strong_count(&held), 1);
        assert_eq!(place(&FlowFuture::new(async {})), memory);
    }
}
