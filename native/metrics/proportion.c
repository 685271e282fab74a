#include "proportion.h"

#include <math.h>

/* The continued fraction of the incomplete beta function, by Lentz's method (DLMF 8.17.22). It converges fast for
 * x < (a + 1) / (a + b + 2). */
static double continued_fraction(double a, double b, double x) {
    const double tiny = 1e-300;
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double result = d;
    for (int m = 1; m < 1000; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        for (int part = 0; part < 2; part++) {
            const double term = part == 0 ? even : odd;
            d = 1 + term * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + term / c;
            if (fabs(c) < tiny) c = tiny;
            result *= c * d;
        }
        if (fabs(c * d - 1) < 1e-15) break;
    }
    return result;
}

double sm_incomplete_beta(double a, double b, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    const double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return front * continued_fraction(a, b, x) / a;
    return 1 - front * continued_fraction(b, a, 1 - x) / b;
}

double sm_proportion_upper(double events, double trials, double confidence) {
    if (!(trials > 0) || events >= trials) return 1;
    double low = events / trials;
    double high = 1;
    /* The chance of at most `events` events falls with the probability: I_p(events + 1, trials - events) rises. */
    for (int step = 0; step < 60; step++) {
        const double middle = 0.5 * (low + high);
        if (sm_incomplete_beta(events + 1, trials - events, middle) < confidence)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}
