import { describe, expect, it } from 'vitest';
import { utmsOfUrl } from '../../src/sources/mapping/landing-url.ts';

const wanted = { utm_source: 'news', utm_medium: 'email', utm_campaign: 'may sale' };
const query = 'utm_source=news&utm_medium=email&utm_campaign=may%20sale';

describe('the UTMs of a landing page', () => {
  it.each([
    `https://e.example/?${query}`,
    `https://e.example/?UTM_Source=news&utm_medium=email&utm_campaign=may+sale&utm_campaign=june`,
    `https://e.example/?${query}#top`,
    `https://e.example/?${query}#/start?utm_source=other&utm_term=no`,
    `https://e.example/#${query}`,
    `https://e.example/#/start?${query}`,
    `https://e.example/?page=1#${query}`,
    `https://e.example/?page=1?${query}`,
    `https://e.example/?page=1&amp;${query.replaceAll('&', '&amp;')}`,
    `https://e.example/?${query.replaceAll('&', '&#38;')}`,
    encodeURIComponent(`https://e.example/?${query}`),
    `/start?${query}`,
    query,
  ])('are found in %s', (url) => {
    expect(utmsOfUrl(url)).toEqual(wanted);
  });

  it.each([
    'https://e.example/',
    'https://e.example/utm_source=news',
    '',
    undefined,
    'a&b',
    'https%3A%2F%2F%E4',
  ])('are none in %s', (url) => {
    expect(utmsOfUrl(url)).toEqual({});
  });
});
