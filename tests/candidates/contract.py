"""Results that break the contract of keys, dtypes, shapes and padding: one fault each."""

import torch
from base import Base, sizes


class MissingMask(Base):  # caught by: keys
    def after(self, outputs, images):
        del outputs["pixel_attention_mask"]
        return outputs


class ExtraKey(Base):  # caught by: keys
    def after(self, outputs, images):
        outputs["image_sizes"] = torch.tensor(1)
        return outputs


class RenamedKey(Base):  # caught by: keys
    def after(self, outputs, images):
        outputs["attention_mask"] = outputs.pop("pixel_attention_mask")
        return outputs


class Tuple(Base):  # caught by: keys
    def after(self, outputs, images):
        return tuple(outputs.values())


class NumpyValues(Base):  # caught by: tensor-types
    def after(self, outputs, images):
        outputs["pixel_values"] = outputs["pixel_values"].numpy()
        return outputs


class ListOfShapes(Base):  # caught by: tensor-types
    def after(self, outputs, images):
        outputs["spatial_shapes"] = outputs["spatial_shapes"].tolist()
        return outputs


class WithGradient(Base):  # caught by: tensor-types
    def after(self, outputs, images):
        outputs["pixel_values"] = outputs["pixel_values"].requires_grad_()
        return outputs


class Int32Shapes(Base):  # caught by: dtypes
    def after(self, outputs, images):
        outputs["spatial_shapes"] = outputs["spatial_shapes"].to(torch.int32)
        return outputs


class BoolMask(Base):  # caught by: dtypes
    def after(self, outputs, images):
        outputs["pixel_attention_mask"] = outputs["pixel_attention_mask"].bool()
        return outputs


class Int64Mask(Base):  # caught by: dtypes
    def after(self, outputs, images):
        outputs["pixel_attention_mask"] = outputs["pixel_attention_mask"].long()
        return outputs


class DoubleValues(Base):  # caught by: dtypes
    def after(self, outputs, images):
        outputs["pixel_values"] = outputs["pixel_values"].double()
        return outputs


class FlatValues(Base):  # caught by: shapes
    def after(self, outputs, images):
        outputs["pixel_values"] = outputs["pixel_values"].flatten(1)
        return outputs


class ColumnMask(Base):  # caught by: shapes
    def after(self, outputs, images):
        outputs["pixel_attention_mask"] = outputs["pixel_attention_mask"][..., None]
        return outputs


class SometimesUnpadded(Base):  # caught by: shapes
    """Forgets the padding if a width is one pixel less than whole patches."""

    def after(self, outputs, images):
        if any(width % 16 == 15 for width, _ in sizes(images)):
            outputs["pixel_values"] = outputs["pixel_values"][:, : int(outputs["pixel_attention_mask"].sum(1).max())]
        return outputs


class MaskOfOnes(Base):  # caught by: mask
    def after(self, outputs, images):
        outputs["pixel_attention_mask"].fill_(1)
        return outputs


class MaskOneShort(Base):  # caught by: mask
    def after(self, outputs, images):
        mask = outputs["pixel_attention_mask"]
        for row, (rows, columns) in zip(mask, outputs["spatial_shapes"].tolist()):
            row[rows * columns - 1] = 0
        return outputs


class MaskInFront(Base):  # caught by: mask
    """Pads on the left, as for text."""

    def after(self, outputs, images):
        outputs["pixel_attention_mask"] = outputs["pixel_attention_mask"].flip(1)
        return outputs


class PaddingMinusOne(Base):  # caught by: padding
    """Pads before normalising, so that padding becomes black."""

    def after(self, outputs, images):
        outputs["pixel_values"][outputs["pixel_attention_mask"] == 0] = -1.0
        return outputs


class PaddingUninitialised(Base):  # caught by: padding
    def after(self, outputs, images):
        for row, (rows, columns) in zip(outputs["pixel_values"], outputs["spatial_shapes"].tolist()):
            row[rows * columns :, -1] = 1e-30
        return outputs


class TooManyPatches(Base):  # caught by: patch-limit
    """Allows thin images four times as many patches."""

    def before(self, images, keywords):
        if any(max(each) > 300 * min(each) for each in sizes(images)):
            keywords["max_num_patches"] = 4 * keywords.get("max_num_patches", self.max_num_patches)
        return images


class SwappedShapes(Base):  # caught by: spatial-shapes
    def after(self, outputs, images):
        outputs["spatial_shapes"] = outputs["spatial_shapes"].flip(1)
        return outputs


class OneColumnFewer(Base):  # caught by: spatial-shapes
    """Rounds the other way if a width is one pixel less than whole patches."""

    def after(self, outputs, images):
        for index, (width, height) in enumerate(sizes(images)):
            if width % 16 == 15 and height > 2:
                outputs["spatial_shapes"][index, 1] -= 1
                rows, columns = outputs["spatial_shapes"][index].tolist()
                outputs["pixel_attention_mask"][index, rows * columns :] = 0
                outputs["pixel_values"][index, rows * columns :] = 0
        return outputs


class DividesByBrightness(Base):  # caught by: finite
    """Divides by zero for a black image."""

    def after(self, outputs, images):
        for row, (rows, columns) in zip(outputs["pixel_values"], outputs["spatial_shapes"].tolist()):
            patches = row[: rows * columns]
            if (patches == -1.0).all():
                patches[0] = patches[0] / 0.0
        return outputs


class SqueezesOne(Base):  # caught by: batch-of-one
    def after(self, outputs, images):
        for key, value in list(outputs.items()):
            outputs[key] = value.squeeze(0)
        return outputs


class RefusesThin(Base):  # caught by: accepts
    def before(self, images, keywords):
        if any(max(each) > 300 * min(each) for each in sizes(images)):
            raise ValueError("aspect ratio out of range")
        return images


class RefusesAll(Base):  # caught by: accepts
    def before(self, images, keywords):
        raise NotImplementedError("soon")


class NeedsArguments(Base):  # caught by: loads
    def __init__(self, checkpoint, **keywords):
        super().__init__(**keywords)
