import unittest

from parking.garage import Full, Garage
from parking.report import busiest_hour, longest, takings
from parking.tariff import CITY


class GarageTest(unittest.TestCase):
    def setUp(self):
        self.garage = Garage(spaces=2, tariff=CITY)

    def test_a_full_garage_lets_nobody_in(self):
        self.garage.enter("A 1", at=0)
        self.garage.enter("B 2", at=5)
        with self.assertRaises(Full):
            self.garage.enter("C 3", at=6)

    def test_a_space_is_free_again_after_leaving(self):
        self.garage.enter("A 1", at=0)
        self.garage.leave("A 1", at=30)
        self.assertEqual(self.garage.free, 2)

    def test_two_hours_by_the_clock_cost_two_hours(self):
        self.garage.enter("A 1", at=540)
        self.assertEqual(self.garage.leave("A 1", at=660).cents, 400)

    def test_nobody_leaves_before_coming(self):
        self.garage.enter("A 1", at=90)
        with self.assertRaises(ValueError):
            self.garage.leave("A 1", at=80)

    def test_takings_are_counted_on_the_day_of_leaving(self):
        self.garage.enter("A 1", at=1400)
        self.garage.leave("A 1", at=1450)
        self.assertEqual(takings(self.garage.closed), {1: 200})

    def test_the_busiest_hour_and_the_longest_stay(self):
        self.garage.enter("A 1", at=475)
        self.garage.enter("B 2", at=500)
        self.garage.leave("B 2", at=530)
        self.garage.leave("A 1", at=550)
        self.assertEqual(busiest_hour(self.garage.closed), 8)
        self.assertEqual(longest(self.garage.closed), "A 1: 1h 15m, 4.00")


if __name__ == "__main__":
    unittest.main()
