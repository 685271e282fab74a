"""The network unet16 in PyTorch, channels_last: prints the median milliseconds of one image's inference, or
of a training step (forward, losses, backward, Adam)."""
import argparse
import statistics
import time

import torch
from torch import nn
from torch.nn import functional


def block(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True))


class UNet(nn.Module):
    def __init__(self, base=16, levels=5):
        super().__init__()
        width = [base << level for level in range(levels)]
        self.encoder = nn.ModuleList(
            nn.Sequential(block(width[i - 1] if i else 1, width[i]), block(width[i], width[i])) for i in range(levels))
        self.up = nn.ModuleList(block(width[i + 1], width[i]) for i in range(levels - 1))
        self.decoder = nn.ModuleList(
            nn.Sequential(block(2 * width[i], width[i]), block(width[i], width[i])) for i in range(levels - 1))
        self.mask = nn.Conv2d(base, 1, 1)
        self.head = nn.Linear(width[-1], 3)

    def forward(self, x):
        skips = []
        for i, stage in enumerate(self.encoder):
            x = stage(functional.max_pool2d(x, 2) if i else x)
            skips.append(x)
        answer = self.head(x.mean((2, 3)))
        for i in reversed(range(len(self.up))):
            x = self.up[i](functional.interpolate(x, scale_factor=2, mode="nearest"))
            x = self.decoder[i](torch.cat((skips[i], x), 1))
        return self.mask(x), answer


def inference(size):
    model = UNet().eval().to(memory_format=torch.channels_last)
    image = torch.rand(1, 1, size, size).to(memory_format=torch.channels_last)

    def step():
        with torch.inference_mode():
            model(image)
    return step


def training(size, batch):
    model = UNet().train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3)
    images = torch.rand(batch, 1, size, size).to(memory_format=torch.channels_last)
    masks = (torch.rand(batch, 1, size, size) > 0.9).float()
    types = torch.randint(0, 3, (batch,))

    def step():
        optimiser.zero_grad(set_to_none=True)
        logits, answer = model(images)
        share = torch.sigmoid(logits)
        dice = 1 - (2 * (share * masks).sum((1, 2, 3)) + 1) / (share.sum((1, 2, 3)) + masks.sum((1, 2, 3)) + 1)
        loss = functional.binary_cross_entropy_with_logits(logits, masks) + dice.mean()
        (loss + 0.5 * functional.cross_entropy(answer, types)).backward()
        optimiser.step()
    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=("infer", "train"))
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    step = inference(options.size) if options.mode == "infer" else training(options.size, options.batch)
    for _ in range(3):
        step()
    times = []
    end = time.perf_counter() + options.seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    print(1000 * statistics.median(times))


if __name__ == "__main__":
    main()
