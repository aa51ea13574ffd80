# Copyright (c) 2022 Lin Yutong
# Licensed under the MIT License; see LICENSE.
import unittest

from tidytable import Table, TableError, convert_column, render

RAIN = "city,year,rain\nWells,2020,914\nBath,2020,780.5\nWells,2021,NA\n"


class ConvertTest(unittest.TestCase):
    def test_types(self):
        self.assertEqual(convert_column(["1", " 2", "-"]), [1, 2, None])
        self.assertEqual(convert_column(["1", "2.5"]), [1.0, 2.5])
        self.assertEqual(convert_column(["007", "12"]), ["007", "12"])


class TableTest(unittest.TestCase):
    def setUp(self):
        self.t = Table.from_csv(RAIN)

    def test_ragged(self):
        with self.assertRaisesRegex(TableError, "row 1 has 1 cells"):
            Table.from_csv("a,b\n1\n")

    def test_sort_puts_missing_last(self):
        for reverse in (False, True):
            self.assertIsNone(self.t.sort_by("rain", reverse).column("rain")[-1])

    def test_group(self):
        g = self.t.group_by("city", total=("rain", sum), n=("year", len))
        self.assertEqual(g.rows, (("Wells", 914.0, 2), ("Bath", 780.5, 1)))

    def test_melt(self):
        m = self.t.select("city", "rain").melt(["city"])
        self.assertEqual(m.names, ("city", "variable", "value"))
        self.assertEqual(len(m), 3)

    def test_render(self):
        text = render(self.t.select("city", "rain"))
        self.assertEqual(text.splitlines()[2], "Wells  914.00")


if __name__ == "__main__":
    unittest.main()
