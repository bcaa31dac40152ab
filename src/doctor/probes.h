/* doctor/probes.h: the probes, from probes.def; each with its kind in doctor/probe/. */
#pragma once

#include "doctor/room.h"

#define PROBE(name, run, needs_room, what) probe_fn run;
#include "doctor/probes.def"
#undef PROBE
