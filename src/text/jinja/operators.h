// Implements the operators of expressions, with Python's meaning.
#pragma once

#include <string_view>

#include "text/jinja/tree.h"

namespace rocmforge::text::jinja {

Object sum(Interpreter& interpreter, const Object& left, const Object& right);
Object difference(Interpreter& interpreter, const Object& left, const Object& right);
Object power(Interpreter& interpreter, const Object& left, const Object& right);

Object negative(TemplateMemory& memory, const Object& operand);
Object positive(TemplateMemory& memory, const Object& operand);
Object negated_truth(TemplateMemory& memory, const Object& operand);

bool is_in(TemplateMemory& memory, const Object& item, const Object& container);
bool is_not_in(TemplateMemory& memory, const Object& item, const Object& container);

// Returns the comparison for == != < <= > or >=; nullptr for anything else.
Comparison::Holds find_comparison(std::string_view sign);

// Returns the operator for * / // or %; nullptr for anything else.
BinaryOperator find_product_operator(std::string_view sign);

}  // namespace rocmforge::text::jinja
