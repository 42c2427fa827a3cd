import unittest

from parking.duration import begun_units, overlap, parse, spoken


class DurationTest(unittest.TestCase):
    def test_words_become_minutes(self):
        self.assertEqual(parse("1d 2h 5m"), 1565)
        self.assertEqual(parse("45m"), 45)

    def test_no_words_are_refused(self):
        with self.assertRaises(ValueError):
            parse("soon")

    def test_minutes_become_words(self):
        self.assertEqual(spoken(1565), "1d 2h 5m")
        self.assertEqual(spoken(120), "2h")
        self.assertEqual(spoken(0), "0m")

    def test_a_unit_counts_once_it_has_begun(self):
        self.assertEqual(begun_units(1, 60), 1)
        self.assertEqual(begun_units(59, 60), 1)
        self.assertEqual(begun_units(60, 60), 1)
        self.assertEqual(begun_units(61, 60), 2)

    def test_no_stay_begins_no_unit(self):
        self.assertEqual(begun_units(0, 60), 0)

    def test_overlap_is_counted_on_both_sides(self):
        self.assertEqual(overlap(30, 100, 60, 120), 40)
        self.assertEqual(overlap(0, 50, 60, 120), 0)
