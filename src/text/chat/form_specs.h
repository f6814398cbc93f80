// Declares the specifications of all reply forms, grouped by the syntax of their calls. reply_forms.cpp selects the
// form for a template.
#pragma once

#include "text/chat/reply_spec.h"

namespace rocmforge::text {

// JSON objects that name the tool: form_specs_json.cpp.
ReplySpec hermes_form();
ReplySpec granite3_form();
ReplySpec command_r_form();
ReplySpec command_r7b_form();
ReplySpec apertus_form();
ReplySpec nemotron_v2_form();
ReplySpec apriel_form();
ReplySpec firefunction_form();
ReplySpec gigachat_form();
ReplySpec llama3_form();

// A name before JSON arguments: form_specs_named.cpp.
ReplySpec deepseek_r1_form();
ReplySpec deepseek_v31_form();
ReplySpec kimi_k2_form();
ReplySpec mistral_list_form();
ReplySpec mistral_form();
ReplySpec solar_form();
ReplySpec functionary_v31_form();
ReplySpec functionary_v32_form();
ReplySpec harmony_form();

// Tagged parameters, and other notations: form_specs_tagged.cpp.
ReplySpec qwen3_coder_form();
ReplySpec seed_oss_form();
ReplySpec glm_form();
ReplySpec hunyuan3_form();
ReplySpec minimax_m2_form();
ReplySpec minimax_m3_form();
ReplySpec deepseek_v32_form();
ReplySpec deepseek_v4_form();
ReplySpec minicpm5_form();
ReplySpec lfm2_form();
ReplySpec gemma4_form();

// Forms without calls, also in form_specs_tagged.cpp.
ReplySpec think_form();
ReplySpec plain_form();

inline constexpr ReasoningMarkers kThink{.begin = "<think>", .end = "</think>"};

}  // namespace rocmforge::text
