// The operators of expressions, with Python's meaning.
#pragma once

#include <string_view>

#include "text/jinja/tree.h"

namespace rocmforge::text::jinja {

Object sum(Interpreter& interpreter, const Object& left, const Object& right);
Object difference(Interpreter& interpreter, const Object& left, const Object& right);
Object power(Interpreter& interpreter, const Object& left, const Object& right);

Object negative(Workspace& work, const Object& operand);
Object positive(Workspace& work, const Object& operand);
Object negated_truth(Workspace& work, const Object& operand);

bool is_in(Workspace& work, const Object& item, const Object& container);
bool is_not_in(Workspace& work, const Object& item, const Object& container);

// == != < <= > >=; nullptr for anything else.
Comparison::Holds find_comparison(std::string_view sign);

// * / // %; nullptr for anything else.
BinaryOperator find_product_operator(std::string_view sign);

}  // namespace rocmforge::text::jinja
