/**
 * The catalogue that an empty database starts with: prices from cents to thousands, two products sold out, and one, the
 * first by id, that no load test empties.
 */

/** A product to start with. */
export interface CatalogueItem {
  readonly productId: string;
  readonly name: string;
  readonly category: string;
  /** One unit, in minor units of the shop's currency. */
  readonly priceMinor: number;
  /** Units. */
  readonly stock: number;
}

const item = (productId: string, name: string, category: string, priceMinor: number, stock: number): CatalogueItem => ({
  productId,
  name,
  category,
  priceMinor,
  stock,
});

/** The products. */
export const catalogue: readonly CatalogueItem[] = [
  item('acorn-sticker', 'Acorn vinyl sticker', 'gifts', 150, 1_000_000),
  item('almond-biscotti-tin', 'Almond biscotti, 400 g tin', 'pantry', 1_490, 2_400),
  item('apron-linen-charcoal', 'Linen apron, charcoal', 'kitchen', 3_900, 850),
  item('bamboo-cutting-board', 'Bamboo cutting board, 40 x 30 cm', 'kitchen', 2_750, 1_600),
  item('bluetooth-speaker-pebble', 'Pebble Bluetooth speaker', 'audio', 5_995, 1_200),
  item('bread-knife-serrated', 'Serrated bread knife, 24 cm', 'kitchen', 3_400, 900),
  item('camping-stove-compact', 'Compact camping stove', 'outdoor', 4_680, 700),
  item('cast-iron-skillet-26', 'Cast-iron skillet, 26 cm', 'kitchen', 4_800, 1_100),
  item('ceramic-pour-over-white', 'Ceramic pour-over dripper, white', 'coffee', 2_450, 1_800),
  item('chef-knife-damascus', "Damascus chef's knife, 20 cm", 'kitchen', 12_900, 400),
  item('coffee-beans-ethiopia-1kg', 'Ethiopia Yirgacheffe beans, 1 kg', 'coffee', 3_200, 5_000),
  item('coffee-beans-house-250g', 'House blend beans, 250 g', 'coffee', 890, 12_000),
  item('coffee-filters-size-2', 'Paper coffee filters, size 2, 100 pieces', 'coffee', 395, 20_000),
  item('cold-brew-carafe', 'Cold brew carafe, 1 litre', 'coffee', 2_990, 1_300),
  item('desk-lamp-brass', 'Brass desk lamp', 'home', 8_900, 600),
  item('digital-kitchen-scale', 'Digital kitchen scale, 0.1 g', 'coffee', 3_550, 1_500),
  item('down-jacket-pine', 'Down jacket, pine green', 'outdoor', 21_900, 350),
  item('electric-kettle-gooseneck', 'Gooseneck electric kettle, 0.9 litre', 'coffee', 7_900, 950),
  item('enamel-mug-set', 'Enamel mugs, set of four', 'outdoor', 2_800, 2_200),
  item('espresso-cups-set-of-six', 'Espresso cups, set of six', 'coffee', 4_200, 1_400),
  item('espresso-machine-classic', 'Classic espresso machine, 15 bar', 'coffee', 64_900, 300),
  item('espresso-machine-prosumer', 'Dual-boiler espresso machine', 'coffee', 249_000, 120),
  item('fountain-pen-resin-blue', 'Fountain pen, blue resin', 'stationery', 6_800, 750),
  item('french-press-8-cup', 'French press, 8 cups', 'coffee', 3_600, 1_700),
  item('gift-card-100', 'Gift card, 100', 'gifts', 10_000, 100_000),
  item('gift-card-25', 'Gift card, 25', 'gifts', 2_500, 100_000),
  item('gift-wrap-kraft', 'Kraft gift wrap, one parcel', 'gifts', 75, 50_000),
  item('grinder-burr-electric', 'Electric burr grinder', 'coffee', 18_900, 500),
  item('grinder-burr-hand', 'Hand burr grinder', 'coffee', 7_400, 800),
  item('headlamp-400-lumen', 'Headlamp, 400 lumen', 'outdoor', 4_495, 1_250),
  item('headphones-over-ear', 'Over-ear headphones, noise cancelling', 'audio', 27_900, 420),
  item('hiking-backpack-38l', 'Hiking backpack, 38 litres', 'outdoor', 15_400, 460),
  item('honey-wildflower-500g', 'Wildflower honey, 500 g', 'pantry', 1_140, 3_200),
  item('linen-tablecloth-sand', 'Linen tablecloth, sand', 'home', 6_400, 680),
  item('maple-syrup-dark-330ml', 'Dark maple syrup, 330 ml', 'pantry', 1_320, 2_800),
  item('mechanical-keyboard-75', 'Mechanical keyboard, 75 %', 'desk', 14_900, 540),
  item('merino-beanie-grey', 'Merino beanie, grey', 'outdoor', 3_250, 1_900),
  item('milk-frothing-jug-350ml', 'Milk frothing jug, 350 ml', 'coffee', 1_890, 2_100),
  item('notebook-dotted-a5', 'Dotted notebook, A5', 'stationery', 1_600, 6_000),
  item('olive-oil-extra-virgin-1l', 'Extra virgin olive oil, 1 litre', 'pantry', 2_180, 2_600),
  item('record-player-walnut', 'Walnut record player', 'audio', 39_900, 260),
  item('standing-desk-oak', 'Oak standing desk, 160 x 80 cm', 'desk', 118_000, 140),
  item('stoneware-bowl-set', 'Stoneware bowls, set of four', 'home', 5_200, 1_000),
  item('tamper-58mm-walnut', 'Walnut tamper, 58 mm', 'coffee', 3_300, 1_150),
  item('tea-darjeeling-first-flush', 'Darjeeling first flush, 100 g', 'pantry', 1_950, 2_300),
  item('thermos-flask-750ml', 'Vacuum flask, 750 ml', 'outdoor', 3_100, 2_000),
  item('vinyl-record-cleaning-kit', 'Record cleaning kit', 'audio', 2_350, 1_350),
  item('wall-clock-birch', 'Birch wall clock', 'home', 5_700, 720),
  item('water-filter-cartridge', 'Water filter cartridge', 'coffee', 1_260, 8_000),
  item('wool-throw-natural', 'Wool throw, natural', 'home', 9_800, 0),
  item('writing-desk-limited-edition', 'Writing desk, limited edition', 'desk', 345_000, 0),
];
