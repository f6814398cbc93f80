"""Tests that check_layers.py reports each kind of violation."""

import tempfile
import unittest
from pathlib import Path

import check_layers


class CheckLayers(unittest.TestCase):
    def complaints(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return check_layers.check(root)

    def test_accepts_includes_that_point_downwards(self):
        self.assertEqual(self.complaints({
            "src/base/error.h": "#pragma once\n#include <string>\n",
            "src/quant/q4_0.h": '#pragma once\n#include "base/error.h"\n',
            "src/quant/q4_0.cpp": '#include "quant/q4_0.h"\n#include <fmt/core.h>\n',
            "tests/support/tiny_model.h": "#pragma once\n",
            "tests/quant/q4_0_test.cpp": '#include "support/tiny_model.h"\n#include "quant/q4_0.h"\n',
        }), [])

    def test_refuses_an_include_upwards(self):
        self.assertEqual(self.complaints({
            "src/gguf/reader.h": "#pragma once\n",
            "src/base/error.cpp": '// An error.\n#include "gguf/reader.h"\n',
        }), ["src/base/error.cpp:2: base/ may not include gguf/ (gguf/reader.h)"])

    def test_angle_brackets_do_not_hide_an_include(self):
        self.assertIn("base/ may not include gguf/", self.complaints({
            "src/gguf/reader.h": "#pragma once\n",
            "src/base/error.cpp": "#include <gguf/reader.h>\n",
        })[0])

    def test_backends_do_not_know_each_other(self):
        self.assertIn("backends/hip/ may not include backends/cpu/", self.complaints({
            "src/backends/cpu/gemm.h": "#pragma once\n",
            "src/backends/hip/kernels/gemm.hip": '#include "backends/cpu/gemm.h"\n',
        })[0])

    def test_the_engine_sees_a_backend_through_its_factory_only(self):
        found = self.complaints({
            "src/backends/cpu/factory.h": "#pragma once\n",
            "src/backends/cpu/gemm.h": "#pragma once\n",
            "src/engine/load.cpp": '#include "backends/cpu/factory.h"\n#include "backends/cpu/gemm.h"\n',
        })
        self.assertEqual(len(found), 1)
        self.assertIn("load.cpp:2: engine/ may not include backends/cpu/", found[0])

    def test_only_some_commands_see_the_engine(self):
        found = self.complaints({
            "src/engine/engine.h": "#pragma once\n",
            "src/cli/run.cpp": '#include "engine/engine.h"\n',
            "src/cli/quantize.cpp": '#include "engine/engine.h"\n',
        })
        self.assertEqual(len(found), 1)
        self.assertIn("src/cli/quantize.cpp:1: cli/ may not include engine/", found[0])

    def test_the_public_header_stands_alone(self):
        found = self.complaints({
            "src/base/error.h": "#pragma once\n",
            "include/rocmforge/model.h": '#pragma once\n#include "rocmforge/types.h"\n#include "base/error.h"\n',
            "include/rocmforge/types.h": "#pragma once\n",
        })
        self.assertEqual(len(found), 1)
        self.assertIn("model.h:3: api/ may not include base/", found[0])

    def test_sources_do_not_lean_on_tests(self):
        self.assertEqual(self.complaints({
            "tests/support/tiny_model.h": "#pragma once\n",
            "src/base/error.cpp": '#include "support/tiny_model.h"\n',
        }), ["src/base/error.cpp:1: src/ may not include tests/"])

    def test_every_folder_is_in_the_table(self):
        self.assertIn("src/misc is not in the table", self.complaints({"src/misc/string.cpp": ""})[0])

    def test_an_include_in_quotes_names_its_layer(self):
        self.assertIn('"error.h" is not a file', self.complaints({
            "src/base/error.h": "#pragma once\n",
            "src/base/error.cpp": '#include "error.h"\n',
        })[0])

    def test_a_header_has_pragma_once(self):
        self.assertEqual(self.complaints({"src/base/error.h": "struct Error;\n"}),
                         ["src/base/error.h:1: header without #pragma once"])


if __name__ == "__main__":
    unittest.main()
