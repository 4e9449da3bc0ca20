//! Where hosts can be: real cities, with their coordinates.

/// A city.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct City {
    /// Its English name.
    pub name: &'static str,
    /// Its country (ISO 3166, two letters).
    pub country: &'static str,
    /// Latitude in degrees, north positive.
    pub latitude: f64,
    /// Longitude in degrees, east positive.
    pub longitude: f64,
}

/// Radius of the Earth, in kilometres.
const EARTH: f64 = 6371.0;

impl City {
    /// Returns the length of the great circle to `other`, in kilometres.
    pub fn distance(&self, other: &Self) -> f64 {
        let (here, there) = (self.latitude.to_radians(), other.latitude.to_radians());
        let north = (there - here) / 2.0;
        let east = (other.longitude - self.longitude).to_radians() / 2.0;
        let chord = north.sin().powi(2) + here.cos() * there.cos() * east.sin().powi(2);
        2.0 * EARTH * chord.sqrt().min(1.0).asin()
    }
}

/// All the cities there are.
pub const CITIES: [City; 60] = [
    city("Paris", "FR", 48.86, 2.35),
    city("Lyon", "FR", 45.76, 4.84),
    city("Lille", "FR", 50.63, 3.06),
    city("London", "GB", 51.51, -0.13),
    city("Manchester", "GB", 53.48, -2.24),
    city("Dublin", "IE", 53.35, -6.26),
    city("Amsterdam", "NL", 52.37, 4.90),
    city("Brussels", "BE", 50.85, 4.35),
    city("Frankfurt", "DE", 50.11, 8.68),
    city("Berlin", "DE", 52.52, 13.40),
    city("Munich", "DE", 48.14, 11.58),
    city("Zurich", "CH", 47.37, 8.54),
    city("Vienna", "AT", 48.21, 16.37),
    city("Prague", "CZ", 50.08, 14.44),
    city("Warsaw", "PL", 52.23, 21.01),
    city("Stockholm", "SE", 59.33, 18.07),
    city("Oslo", "NO", 59.91, 10.75),
    city("Helsinki", "FI", 60.17, 24.94),
    city("Madrid", "ES", 40.42, -3.70),
    city("Lisbon", "PT", 38.72, -9.14),
    city("Milan", "IT", 45.46, 9.19),
    city("Rome", "IT", 41.90, 12.50),
    city("Sofia", "BG", 42.70, 23.32),
    city("Bucharest", "RO", 44.43, 26.10),
    city("Athens", "GR", 37.98, 23.73),
    city("Istanbul", "TR", 41.01, 28.98),
    city("Kyiv", "UA", 50.45, 30.52),
    city("Moscow", "RU", 55.76, 37.62),
    city("Tel Aviv", "IL", 32.07, 34.78),
    city("Dubai", "AE", 25.20, 55.27),
    city("Mumbai", "IN", 19.08, 72.88),
    city("Bangalore", "IN", 12.97, 77.59),
    city("Singapore", "SG", 1.35, 103.82),
    city("Jakarta", "ID", -6.21, 106.85),
    city("Bangkok", "TH", 13.76, 100.50),
    city("Hong Kong", "HK", 22.32, 114.17),
    city("Taipei", "TW", 25.03, 121.57),
    city("Shanghai", "CN", 31.23, 121.47),
    city("Beijing", "CN", 39.90, 116.41),
    city("Seoul", "KR", 37.57, 126.98),
    city("Tokyo", "JP", 35.68, 139.69),
    city("Osaka", "JP", 34.69, 135.50),
    city("Sydney", "AU", -33.87, 151.21),
    city("Auckland", "NZ", -36.85, 174.76),
    city("Nairobi", "KE", -1.29, 36.82),
    city("Lagos", "NG", 6.52, 3.38),
    city("Johannesburg", "ZA", -26.20, 28.05),
    city("Cairo", "EG", 30.04, 31.24),
    city("New York", "US", 40.71, -74.01),
    city("Miami", "US", 25.76, -80.19),
    city("Chicago", "US", 41.88, -87.63),
    city("Dallas", "US", 32.78, -96.80),
    city("Los Angeles", "US", 34.05, -118.24),
    city("Seattle", "US", 47.61, -122.33),
    city("Toronto", "CA", 43.65, -79.38),
    city("Mexico City", "MX", 19.43, -99.13),
    city("Bogota", "CO", 4.71, -74.07),
    city("Santiago", "CL", -33.45, -70.67),
    city("Buenos Aires", "AR", -34.60, -58.38),
    city("Sao Paulo", "BR", -23.55, -46.63),
];

const fn city(name: &'static str, country: &'static str, latitude: f64, longitude: f64) -> City {
    City { name, country, latitude, longitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> &'static City {
        CITIES.iter().find(|city| city.name == name).unwrap()
    }

    #[test]
    fn distances_are_those_of_an_atlas() {
        let km = named("Paris").distance(named("Tokyo"));
        assert!((9_650.0..9_780.0).contains(&km), "{km}");
        assert!(named("Lyon").distance(named("Lyon")) < 0.001);
        let half_way = named("Auckland").distance(named("Madrid"));
        assert!((19_400.0..20_016.0).contains(&half_way), "{half_way}");
    }

    #[test]
    fn every_city_is_on_the_globe_once() {
        for (n, city) in CITIES.iter().enumerate() {
            assert!(city.latitude.abs() < 70.0 && city.longitude.abs() <= 180.0, "{}", city.name);
            assert_eq!(city.country.len(), 2);
            assert!(CITIES[..n].iter().all(|other| other.name != city.name), "{}", city.name);
        }
    }
}
