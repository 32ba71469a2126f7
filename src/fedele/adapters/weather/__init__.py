"""Weather sources: Open-Meteo over HTTP, and CSV files for tests and demos. Both stand behind `WeatherSource`."""
