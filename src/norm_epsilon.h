/** The constant of batch normalisation, shared by training and inference: deviation = sqrt(variance + epsilon). */
#ifndef SONOMASK_NORM_EPSILON_H
#define SONOMASK_NORM_EPSILON_H

#define SM_NORM_EPSILON 1e-5f

#endif
