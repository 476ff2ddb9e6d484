//! A bounded store of plans.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;

use crate::{Error, Filter, Layout, Level, Plan, Size, target_size};

/// How the output size follows from the size of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sizing {
    /// Pixels along the side of a patch; at least 1.
    pub patch_size: usize,
    /// The most patches that a resized image may have.
    pub max_num_patches: usize,
    /// Whether images are resized. If not, both sides of every image must be multiples of the patch size.
    pub resize: bool,
    /// The function that weights pixels.
    pub filter: Filter,
}

impl Sizing {
    /// The size that an image of `size` is resized to. Both sides are a whole number of patches.
    ///
    /// # Errors
    /// [`Error::Empty`] and [`Error::TooLarge`] for sizes that no image can have; [`Error::Patches`] if the
    /// patch size is zero, or if images are not resized and `size` is not a whole number of patches.
    pub fn output(&self, size: Size) -> Result<Size, Error> {
        size.check()?;
        let Self { patch_size, max_num_patches, resize, .. } = *self;
        if patch_size == 0 {
            return Err(Error::Patches { size, patch_size });
        }
        if resize {
            let (height, width) = target_size(size.height, size.width, patch_size, max_num_patches);
            Ok(Size { height, width })
        } else if size.height.is_multiple_of(patch_size) && size.width.is_multiple_of(patch_size) {
            Ok(size)
        } else {
            Err(Error::Patches { size, patch_size })
        }
    }
}

/// Plans by image size and layout, shared between threads. The search for the output size and the computation
/// of the weights are done once per image size and layout.
#[derive(Debug)]
pub struct PlanCache {
    sizing: Sizing,
    level: Level,
    plans: Mutex<LruCache<(Size, Layout), Arc<Plan>>>,
}

impl PlanCache {
    /// An empty store for at most `capacity` plans (at least one). A plan takes 10 to 100 KB.
    pub fn new(sizing: Sizing, level: Level, capacity: usize) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        Self { sizing, level, plans: Mutex::new(LruCache::new(capacity)) }
    }

    /// How the plans' output sizes follow from image sizes.
    pub fn sizing(&self) -> Sizing {
        self.sizing
    }

    /// The plan for `layout` images of `size`. It is made if the store does not have it yet.
    ///
    /// # Errors
    /// The same as for [`Plan::new`], and [`Error::Patches`] if images are not resized and `size` is not a
    /// whole number of patches.
    pub fn get(&self, size: Size, layout: Layout) -> Result<Arc<Plan>, Error> {
        let plans = || self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans().get(&(size, layout)) {
            return Ok(Arc::clone(plan));
        }
        // Made outside the lock: two threads may make the same plan, but neither waits for the other.
        let plan = Arc::new(self.build(size, layout)?);
        plans().put((size, layout), Arc::clone(&plan));
        Ok(plan)
    }

    fn build(&self, size: Size, layout: Layout) -> Result<Plan, Error> {
        Plan::new(size, self.sizing.output(size)?, layout, self.sizing.filter, self.level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_shared_and_the_oldest_goes_first() {
        let sizing = Sizing { patch_size: 16, max_num_patches: 16, resize: true, filter: Filter::Bilinear };
        let cache = PlanCache::new(sizing, Level::Portable, 2);
        let get = |side| cache.get(Size { height: side, width: side }, Layout::Rgb).unwrap();
        let (first, second) = (get(10), get(20));
        assert!(Arc::ptr_eq(&first, &get(10)));
        get(30);
        assert!(Arc::ptr_eq(&first, &get(10)), "used later than the second");
        assert!(!Arc::ptr_eq(&second, &get(20)));
    }

    #[test]
    fn without_a_resize_sides_must_be_whole_patches() {
        let sizing = Sizing { patch_size: 16, max_num_patches: 1, resize: false, filter: Filter::Bilinear };
        let cache = PlanCache::new(sizing, Level::Portable, 2);
        let size = Size { height: 32, width: 48 };
        assert_eq!(cache.get(size, Layout::Rgb).unwrap().output(), size);
        let size = Size { height: 32, width: 40 };
        assert_eq!(cache.get(size, Layout::Rgb).unwrap_err(), Error::Patches { size, patch_size: 16 });
    }
}
