"""Segments an image file again and again with the Python package, and prints the median milliseconds per image, from the
path of the file to the arrays of the result."""
import statistics
import sys
import time

from sonomask import Model


def main(image, threads, images):
    model = Model.load(threads=threads)
    model.segment(image)
    times = []
    for _ in range(images):
        start = time.perf_counter()
        model.segment(image)
        times.append(time.perf_counter() - start)
    print(1000 * statistics.median(times))


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
