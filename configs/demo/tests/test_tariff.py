import unittest

from parking.duration import parse
from parking.tariff import CITY, STATION


class TariffTest(unittest.TestCase):
    def test_a_short_stop_is_free(self):
        self.assertEqual(CITY.price(10), 0)

    def test_each_begun_hour_costs(self):
        self.assertEqual(CITY.price(59), 200)
        self.assertEqual(CITY.price(61), 400)

    def test_half_hours_are_counted_where_the_tariff_says_so(self):
        self.assertEqual(STATION.price(95), 400)

    def test_past_the_free_minutes_the_first_hour_costs_whole(self):
        self.assertEqual(CITY.price(11), 200)

    def test_a_day_costs_the_cap_at_most(self):
        self.assertEqual(CITY.price(parse("20h")), 1500)
        self.assertEqual(CITY.price(parse("2d 30m")), 3200)
