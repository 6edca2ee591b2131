import { createSemaphore } from './semaphore';

test('lets in as many as there is room for, and the others in the order of their coming', async () => {
  const acquire = createSemaphore(2);
  const entered: string[] = [];
  const enter = async (name: string) => {
    const release = await acquire();
    entered.push(name);
    return release;
  };
  const first = await enter('first');
  const second = await enter('second');
  const third = enter('third');
  const fourth = enter('fourth');
  await Promise.resolve();
  expect(entered).toEqual(['first', 'second']);
  second();
  const thirdRelease = await third;
  expect(entered).toEqual(['first', 'second', 'third']);
  first();
  const fourthRelease = await fourth;
  expect(entered).toEqual(['first', 'second', 'third', 'fourth']);
  thirdRelease();
  fourthRelease();
  await expect(enter('fifth')).resolves.toBeInstanceOf(Function);
});
