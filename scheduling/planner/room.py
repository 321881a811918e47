"""What is still free while a plan is put together, kept as masks so that a question is a shift."""

from collections.abc import Iterator

from scheduling.planner.shape import Item, Shape, Use, runs

Places = dict[int, tuple[int, int]]  # position of the item -> (start slot, pool)


class Room:
    """The free places of a day. `put` and `take` keep counts and masks in step."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.places: Places = {}
        self.seated = [0] * shape.horizon
        self._chairs = [[0] * shape.horizon for _ in shape.pools]
        self._free_chairs = [
            pool.usable & ((1 << shape.horizon) - 1) if pool.chairs else 0 for pool in shape.pools
        ]
        self.left = [list(limit) for limit in shape.limits]  # by resource and slot
        amounts = {(use.resource, use.amount) for item in shape.items for use in item.uses}
        self._enough = {key: self._scan(*key) for key in sorted(amounts)}
        self._by_resource = [
            sorted(amount for resource, amount in amounts if resource == n)
            for n in range(len(shape.limits))
        ]

    def _scan(self, resource: int, amount: int) -> int:
        left = self.left[resource]
        return sum(1 << slot for slot, have in enumerate(left) if have >= amount)

    def staff_allow(self, item: Item) -> int:
        """Return the mask of starts of `item` for which nurses and pharmacy have enough left."""
        allowed = item.allowed
        for use in item.uses:
            if not allowed:
                break
            allowed &= self.use_allows(use)
        return allowed

    def use_allows(self, use: Use) -> int:
        """Return the mask of starts for which one use alone has enough left."""
        free = runs(self._enough[use.resource, use.amount], use.length)
        return free >> use.offset

    def chair_allows(self, item: Item, pool: int) -> int:
        """Return the mask of starts for which a chair of `pool` is free all the time."""
        return runs(self._free_chairs[pool], item.chair)

    def empty(self, pool: int, slot: int) -> int:
        """Return how many chairs of `pool` can still be had in `slot`."""
        chairs = self.shape.pools[pool]
        usable = len(chairs.chairs) if chairs.usable >> slot & 1 else 0
        return max(0, usable - self._chairs[pool][slot])

    def starts(self, item: Item) -> Iterator[tuple[int, int]]:
        """Yield (mask of possible starts, pool), a slot under the first pool that has it."""
        allowed = self.staff_allow(item)
        for pool in item.pools:
            here = allowed & self.chair_allows(item, pool)
            if here:
                yield here, pool
                allowed &= ~here

    def put(self, position: int, start: int, pool: int) -> None:
        """Seat an item; that it fits is for the caller to know."""
        self._change(position, start, pool, 1)
        self.places[position] = start, pool

    def take(self, position: int) -> None:
        """Take an item out again."""
        start, pool = self.places.pop(position)
        self._change(position, start, pool, -1)

    def _change(self, position: int, start: int, pool: int, sign: int) -> None:
        item = self.shape.items[position]
        count, seats = self._chairs[pool], len(self.shape.pools[pool].chairs)
        for slot in range(start, start + item.chair):
            self.seated[slot] += sign
            count[slot] += sign
            bit = 1 << slot
            if count[slot] >= seats:
                self._free_chairs[pool] &= ~bit
            elif self.shape.pools[pool].usable & bit:
                self._free_chairs[pool] |= bit
        for use in item.uses:
            self._spend(use, start, sign)

    def _spend(self, use: Use, start: int, sign: int) -> None:
        left = self.left[use.resource]
        for slot in range(start + use.offset, start + use.offset + use.length):
            left[slot] -= sign * use.amount
            for amount in self._by_resource[use.resource]:
                if left[slot] >= amount:
                    self._enough[use.resource, amount] |= 1 << slot
                else:
                    self._enough[use.resource, amount] &= ~(1 << slot)
