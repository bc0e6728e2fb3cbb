"""The sabotages of what goes on between workers and the analytics process; see `sabotages`."""

from __future__ import annotations

from typing import Final

from tests.mutants.sabotage import Sabotage

__all__ = ["BETWEEN_PROCESSES"]

BETWEEN_PROCESSES: Final = (
    Sabotage(
        "rest_of_a_parcel_dropped",
        "gateway/wire/parcel.py",
        "        self._rest = [data[at:]] if at < size else []",
        "        self._rest = []",
        "tests/wire/test_parcel.py::test_what_is_sent_arrives_whatever_a_read_brings",
    ),
    Sabotage(
        "acked_with_the_batch_before_it",
        "gateway/core/producer.py",
        "            self.producer.durable_seq,\n            self.window.credit",
        "            self.producer.received_seq,\n            self.window.credit",
        "tests/workers/test_station.py::test_an_ack_waits_for_the_commit_of_its_own_batch",
    ),
    Sabotage(
        "batches_overtaken_by_what_came_behind_them",
        "gateway/workers/station.py",
        "        if self.packer is not None and number in self.packer.numbers:\n            self._seal()",
        "        pass",
        "tests/workers/test_station.py::test_order_is_that_of_the_socket",
    ),
    Sabotage(
        "shared_frames_overtake",
        "gateway/workers/link.py",
        "        if known is None or known.nth <= behind:",
        "        if known is None:",
        "tests/workers/test_link.py::test_shared_frames_overtake_nothing",
    ),
    Sabotage(
        "frames_once_for_each_viewer",
        "gateway/workers/link.py",
        "        known = self._shares.get(id(frames))",
        "        known = None",
        "tests/workers/test_link.py::test_frames_are_sent_once_for_all_who_get_them",
    ),
    Sabotage(
        "dead_worker_not_replaced",
        "gateway/workers/desk.py",
        "            if self._stopped.is_set():\n                return\n            self.losses",
        "            if self._stopped.is_set() or pause == 0.0:\n                return\n            self.losses",
        "tests/workers/test_desk.py::test_a_worker_is_a_process_and_is_begun_anew",
    ),
    Sabotage(
        "flood_of_messages_passed_on",
        "gateway/workers/relay.py",
        "        rate = self._station.message_rate",
        "        rate = 1_000_000",
        "tests/workers/test_relay.py::test_a_flood_of_messages_ends_where_it_comes_in",
    ),
    Sabotage(
        "hanging_worker_left_alone",
        "gateway/workers/staff.py",
        "            if desk.colleague is not None:\n                desk.colleague.silence += 1",
        "            if desk.colleague is not None:\n                desk.colleague.silence += 0",
        "tests/workers/test_staff.py::test_a_worker_that_stands_still_is_ended",
    ),
    Sabotage(
        "each_worker_the_whole_receive_pool",
        "gateway/server/door.py",
        "(1 if config.workers == 1 else config.workers + 1)",
        "1",
        "tests/workers/test_staff.py::test_what_is_not_whole_is_bounded_in_shares",
    ),
    Sabotage(
        "keys_told_to_workers",
        "gateway/workers/staff.py",
        "            dataclasses.replace(config, write_keys=(), view_keys=()),",
        "            dataclasses.replace(config),",
        "tests/workers/test_staff.py::test_workers_get_no_keys",
    ),
    Sabotage(
        "slots_of_a_lost_worker_kept",
        "gateway/workers/colleague.py",
        "        for ip in self._slots.elements():\n            self._office.gate.release(ip)",
        "        pass",
        "tests/workers/test_desk.py::test_a_worker_is_a_process_and_is_begun_anew",
    ),
    Sabotage(
        "sessions_of_a_lost_worker_kept",
        "gateway/workers/colleague.py",
        "        for proxy in proxies.values():\n            proxy.gone()",
        "        for proxy in ():\n            proxy.gone()",
        "tests/workers/test_desk.py::test_a_worker_is_a_process_and_is_begun_anew",
    ),
    Sabotage(
        "sockets_of_a_worker_not_counted",
        "gateway/workers/colleague.py",
        "        if self.connections >= self._held:",
        "        if False:",
        "tests/workers/test_colleague.py::test_there_are_no_more_sockets_than_were_let_in",
    ),
    Sabotage(
        "batches_of_another_kpi_set_taken",
        "gateway/core/unpacking.py",
        "        if shipment.schema != self.schema:",
        "        if False:",
        "tests/core/test_unpacking.py::test_what_was_decoded_for_another_set_comes_as_its_text",
    ),
    Sabotage(
        "codes_of_an_emptied_dictionary_used",
        "gateway/core/unpacking.py",
        "            for translation in translations:\n                translation.forget()",
        "            pass",
        "tests/core/test_unpacking.py::test_what_the_engine_has_forgotten_is_looked_up_again",
    ),
    Sabotage(
        "new_dictionary_not_told",
        "gateway/core/packing.py",
        "                self._fresh.append(at)",
        "                pass",
        "tests/core/test_packing.py::test_a_full_dictionary_begins_anew",
    ),
    Sabotage(
        "read_on_while_the_link_is_full",
        "gateway/workers/relay.py",
        "        if station.link.congested and self._conn is not None:",
        "        if False:",
        "tests/workers/test_relay.py::test_while_the_link_is_congested_nothing_is_read",
    ),
    Sabotage(
        "bytes_on_the_way_to_a_worker_not_counted",
        "gateway/workers/proxy.py",
        "        return self._under_way if self._mark > self._colleague.dealt_with else 0",
        "        return 0",
        "tests/workers/test_proxy.py::test_what_is_sent_waits_until_the_worker_has_dealt_with_it",
    ),
    Sabotage(
        "let_in_during_a_drain_and_left",
        "gateway/workers/colleague.py",
        "        if self._office.gate.draining:",
        "        if False:",
        "tests/workers/test_colleague.py::test_who_is_let_in_during_a_drain_is_sent_away",
    ),
)
