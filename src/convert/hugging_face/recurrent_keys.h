// Writes the metadata of models with recurrent layers: the sizes of their states, and which layers have attention.
#pragma once

#include "convert/hugging_face/special_keys.h"

namespace rocmforge::convert {

void mamba(const SpecialKeys& w);
void jamba(const SpecialKeys& w);
void granite_hybrid(const SpecialKeys& w);
void falcon_h1(const SpecialKeys& w);
void nemotron_h(const SpecialKeys& w);
void lfm2(const SpecialKeys& w);

}  // namespace rocmforge::convert
