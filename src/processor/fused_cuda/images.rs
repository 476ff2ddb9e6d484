//! The images of a batch, on the host or on the device.

use std::sync::Arc;

use anyhow::{Result, bail};
use patchmark_fused::Size;
use tch::{Kind, Tensor};

use crate::{
    processor::{FedBatch, Feed},
    workload::DecodedImage,
};

/// The images of a batch, in the memory in which they are.
pub(super) enum Images<'a> {
    Host(&'a [Arc<DecodedImage>]),
    Device(&'a [Tensor]),
}

impl<'a> Images<'a> {
    pub(super) fn of(batch: &'a FedBatch, feed: Feed) -> Result<Self> {
        let Feed::Device(device) = feed else { return Ok(Self::Host(batch.hwc()?)) };
        let images = batch.device()?;
        // The kernel relies on these properties, so they have to be checked here.
        for (index, image) in images.iter().enumerate() {
            let whole = matches!(image.size3(), Ok((_, _, 3))) && image.is_contiguous();
            if image.device() != device || image.kind() != Kind::Uint8 || !whole {
                bail!(
                    "image {index} of the batch is {:?} {:?} on {:?}; give contiguous uint8 [H, W, 3] on {device:?}",
                    image.kind(),
                    image.size(),
                    image.device()
                );
            }
        }
        Ok(Self::Device(images))
    }

    pub(super) fn sizes(&self) -> Result<Vec<Size>> {
        match self {
            Self::Host(images) => {
                Ok(images.iter().map(|image| Size { height: image.height, width: image.width }).collect())
            }
            Self::Device(images) => images
                .iter()
                .map(|image| {
                    let (height, width, _) = image.size3()?;
                    Ok(Size { height: height as usize, width: width as usize })
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn images_on_the_device_are_told_from_what_is_none() {
        let image = Arc::new(DecodedImage::new("image", 5, 3, (0..45).collect()).unwrap());
        // The CPU stands in for the device.
        let feed = Feed::Device(Device::Cpu);
        let batch = FedBatch::new(feed, &[image]).unwrap();
        assert_eq!(Images::of(&batch, feed).unwrap().sizes().unwrap(), [Size { height: 3, width: 5 }]);
        let right = || Tensor::from_slice(&[0u8; 45]).view([3, 5, 3]);
        assert_eq!(
            batch.device().unwrap()[0],
            Tensor::from_slice(&(0..45).collect::<Vec<u8>>()).view([3, 5, 3])
        );
        assert!(Images::of(&FedBatch::Device(vec![right()]), Feed::Device(Device::Cuda(0))).is_err());
        for wrong in [
            right().to_kind(Kind::Float),
            right().view([5, 9]),
            right().transpose(0, 1),
            right().view([3, 3, 5]),
        ] {
            let error = Images::of(&FedBatch::Device(vec![right(), wrong]), feed).err().unwrap().to_string();
            assert!(error.starts_with("image 1 of the batch"), "{error}");
        }
        assert!(Images::of(&FedBatch::Hwc(Vec::new()), feed).is_err());
    }
}
