/* store/resumable/answers.h: answers that are kept (store/answers.h), for who keeps them. */
#pragma once

struct resumables;

void answers_sweep(const struct resumables *of); /* those that are over */
void answers_remove_all(const struct resumables *of);
