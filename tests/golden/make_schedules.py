"""Learning rates of transformers' schedules at every step: tests/golden/schedules.json.

    PEER/bin/python tests/golden/make_schedules.py
"""

import json

import torch
from transformers import optimization as hf

PEAK, TOTAL = 3e-4, 37
linear = lambda o, w, **k: hf.get_linear_schedule_with_warmup(o, w, TOTAL)
to_floor = lambda o, w, end: hf.get_polynomial_decay_schedule_with_warmup(o, w, TOTAL, lr_end=end * PEAK)
cosine = lambda o, w, **k: hf.get_cosine_schedule_with_warmup(o, w, TOTAL, **k)
cosine_floor = lambda o, w, **k: hf.get_cosine_with_min_lr_schedule_with_warmup(o, w, TOTAL, **k)
restarts = lambda o, w, **k: hf.get_cosine_with_hard_restarts_schedule_with_warmup(o, w, TOTAL, **k)
polynomial = lambda o, w, **k: hf.get_polynomial_decay_schedule_with_warmup(o, w, TOTAL, **k)
inverse_sqrt = lambda o, w, **k: hf.get_inverse_sqrt_schedule(o, w, **k)
stable = lambda o, w, **k: hf.get_wsd_schedule(o, w, num_training_steps=TOTAL, **k)
constant = lambda o, w, **k: hf.get_constant_schedule_with_warmup(o, w)

# our config, warm-up steps, transformers' schedule, its arguments
CASES = [
    ("linear", 0, linear, {}),
    ("linear", 4, linear, {}),
    ({"name": "linear", "floor": 0.1}, 4, to_floor, {"end": 0.1}),
    ("cosine", 0, cosine, {}),
    ({"name": "cosine", "cycles": 1.5}, 5, cosine, {"num_cycles": 1.5}),
    ({"name": "cosine", "floor": 0.2}, 5, cosine_floor, {"min_lr_rate": 0.2}),
    ("cosine_with_restarts", 3, restarts, {}),
    ({"name": "cosine_with_restarts", "cycles": 3}, 3, restarts, {"num_cycles": 3}),
    ("polynomial", 4, polynomial, {}),
    ({"name": "polynomial", "power": 2.5, "end": 1e-5}, 4, polynomial, {"power": 2.5, "lr_end": 1e-5}),
    ("inverse_sqrt", 0, inverse_sqrt, {}),
    ("inverse_sqrt", 6, inverse_sqrt, {}),
    ({"name": "inverse_sqrt", "timescale": 20}, 6, inverse_sqrt, {"timescale": 20}),
    ({"name": "inverse_sqrt", "timescale": 2}, 6, inverse_sqrt, {"timescale": 2}),
    ("warmup_stable_decay", 4, stable, {"num_decay_steps": 4}),
    ({"name": "warmup_stable_decay", "decay": 11, "warmup_shape": "cosine", "decay_shape": "1-sqrt", "floor": 0.1}, 6,
     stable, {"num_decay_steps": 11, "warmup_type": "cosine", "decay_type": "1-sqrt", "min_lr_ratio": 0.1}),
    ({"name": "warmup_stable_decay", "decay": 9, "warmup_shape": "1-sqrt", "decay_shape": "linear"}, 5,
     stable, {"num_decay_steps": 9, "warmup_type": "1-sqrt", "decay_type": "linear"}),
    ({"name": "warmup_stable_decay", "decay": 20, "cycles": 1.25}, 0, stable, {"num_decay_steps": 20, "num_cycles": 1.25}),
    ("constant", 4, constant, {}),
]


def rates(make, warmup, arguments):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)
    schedule = make(optimizer, warmup, **arguments)
    found = []
    for _ in range(TOTAL):
        found.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return found


with open("tests/golden/schedules.json", "w") as out:
    lines = [json.dumps({"schedule": config, "peak": PEAK, "warmup": warmup, "rates": rates(make, warmup, arguments)})
             for config, warmup, make, arguments in CASES]
    out.write("[\n" + ",\n".join(lines) + "\n]\n")
