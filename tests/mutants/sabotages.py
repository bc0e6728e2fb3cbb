"""The sabotages: a promise each, the line that keeps it, what breaks it, and the test that must go red."""

from __future__ import annotations

from typing import Final

from tests.mutants.between import BETWEEN_PROCESSES
from tests.mutants.sabotage import Sabotage

__all__ = ["SABOTAGES"]

_WORLDS: Final = "tests/simulation/test_world.py::test_nothing_acked_is_lost_and_nothing_counts_twice"
_INTERLEAVINGS: Final = "tests/core/test_exactly_once.py::test_every_interleaving_ends_in_the_rows_of_the_model"


SABOTAGES: Final = (
    Sabotage("no_flush", "gateway/store/schema.py", 'SYNCHRONOUS = "FULL"', 'SYNCHRONOUS = "OFF"', f"{_WORLDS}[0]"),
    Sabotage(
        "lazy_flush", "gateway/store/schema.py", 'SYNCHRONOUS = "FULL"', 'SYNCHRONOUS = "NORMAL"', f"{_WORLDS}[0]"
    ),
    Sabotage(
        "early_ack",
        "gateway/store/writer.py",
        "            self._transact(appends)",
        "            [a.done(Committed(self.last_position + n, 0.0, 1)) for n, a in enumerate(appends, 1)];"
        " self._transact([a._replace(done=lambda r: None) for a in appends])",
        f"{_WORLDS}[0]",
    ),
    Sabotage(
        "ack_of_what_was_received",
        "gateway/core/producer.py",
        "            self.producer.durable_seq,\n            self.window.credit",
        "            self.producer.received_seq,\n            self.window.credit",
        f"{_WORLDS}[0]",
    ),
    Sabotage(
        "crash_without_the_folder_flushed",
        "gateway/store/folder.py",
        "            path.mkdir(mode=0o700, exist_ok=True)\n            sync(path.parent)",
        "            path.mkdir(mode=0o700, exist_ok=True)",
        "tests/store/test_folder.py::test_each_new_folder_is_flushed_in_its_parent",
    ),
    Sabotage(
        "file_renamed_before_it_is_flushed",
        "gateway/store/folder.py",
        "        os.fsync(descriptor)\n    finally:\n        os.close(descriptor)\n    draft",
        "        pass\n    finally:\n        os.close(descriptor)\n    draft",
        "tests/store/test_folder.py::test_a_file_is_flushed_before_it_has_its_name",
    ),
    Sabotage(
        "short_write_ignored",
        "gateway/store/folder.py",
        "            rest = rest[os.write(descriptor, rest) :]",
        "            rest = rest[os.write(descriptor, rest) + len(rest) :]",
        "tests/store/test_folder.py::test_a_short_write_goes_on",
    ),
    Sabotage(
        "wal_not_folded_in_at_the_start",
        "gateway/store/schema.py",
        '    _migrate(connection)\n    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()',
        "    _migrate(connection)",
        "tests/store/test_schema.py::test_the_last_runs_log_is_folded_in_before_anything_is_appended",
    ),
    Sabotage(
        "failed_flush_tried_again",
        "gateway/store/writer.py",
        "        if isinstance(fault, StorageError) and self.failure is None:",
        "        if False:",
        "tests/store/test_disk_faults.py::test_an_error_of_the_disk_ends_all_acknowledgement",
    ),
    Sabotage(
        "failed_checkpoint_ignored",
        "gateway/store/writer.py",
        "            self._break(translate(error, self._file))  # for want of room",
        "            pass  # for want of room",
        "tests/store/test_disk_faults.py::test_an_error_of_the_disk_ends_all_acknowledgement",
    ),
    Sabotage(
        "dead_disk_waited_for",
        "gateway/server/ingest.py",
        "        if self._log.failure is not None:",
        "        if False:",
        "tests/server/test_ingest_disk.py::test_a_disk_that_dies_while_it_is_full_is_the_end",
    ),
    Sabotage(
        "low_water_mark_off",
        "gateway/store/space.py",
        "        return room.total == 0 or room.free - size >= low_water(room.total)",
        "        return True",
        "tests/store/test_space.py::test_room_is_counted_with_what_will_be_written",
    ),
    Sabotage(
        "two_processes_on_a_folder",
        "gateway/store/lock.py",
        "            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        "tests/store/test_lock.py::test_another_process_is_refused_until_the_holder_is_killed",
    ),
    Sabotage(
        "crc_of_rows_off",
        "gateway/store/rows.py",
        "    if crc != row_crc(position, written_at, events, payload):",
        "    if False:",
        "tests/store/test_rows.py::test_a_row_in_anothers_place_is_not_believed",
    ),
    Sabotage(
        "crc_of_snapshots_off",
        "gateway/store/snapshots.py",
        "        if len(blob) != size or zlib.crc32(blob) != blob_crc:",
        "        if False:",
        "tests/store/test_snapshots.py::test_a_bad_newest_snapshot_gives_way_to_the_older",
    ),
    Sabotage(
        "damaged_wal_buried",
        "gateway/store/repair.py",
        "    if hidden:",
        "    if False:",
        "tests/store/test_repair.py::test_a_damaged_write_ahead_log_is_not_passed_over",
    ),
    Sabotage(
        "repair_leaves_good_rows_behind",
        "gateway/store/repair.py",
        "        rows.insert(writer, chunk)",
        "        rows.insert(writer, chunk[:1])",
        "tests/store/test_repair.py::test_whatever_page_was_garbage_all_that_is_good_is_kept",
    ),
    Sabotage(
        "trimmed_without_its_snapshots",
        "gateway/store/retention.py",
        "int(floor) if count >= self._keep else 0",
        "int(floor or 0)",
        "tests/store/test_retention.py::test_nothing_goes_without_all_its_snapshots",
    ),
    Sabotage(
        "snapshot_ahead_of_its_position",
        "gateway/server/ingest.py",
        "            yield from self.saving.begin(self.fold, position, now)",
        "            yield from self.saving.begin(self.fold, position - 1, now)",
        f"{_WORLDS}[0]",
    ),
    Sabotage(
        "snapshot_behind_its_position",
        "gateway/server/saving.py",
        "            self._log.snapshot(position, blobs",
        "            self._log.snapshot(self._log.last_position(), blobs",
        f"{_WORLDS}[0]",
    ),
    Sabotage(
        "dedup_table_not_in_the_snapshot",
        "gateway/core/fold.py",
        '"producers": producers(),',
        '"producers": b"[]",',
        f"{_WORLDS}[0]",
    ),
    Sabotage(
        "event_ids_not_in_the_snapshot",
        "gateway/core/fold.py",
        '"uuids": uuids(),',
        '"uuids": bytes(8),',
        f"{_WORLDS}[0]",
    ),
    Sabotage(
        "event_ids_not_looked_at",
        "gateway/core/admission.py",
        "    for repeated in horizon.claim([uuid_key(uuid) for _, uuid in said]):",
        "    for repeated in []:",
        _INTERLEAVINGS,
    ),
    Sabotage(
        "repeated_batch_applied",
        "gateway/core/producer.py",
        "        if batch.seq <= producer.received_seq:",
        "        if False:",
        "tests/core/test_producer.py::test_a_batch_on_disk_is_acked_again",
    ),
    Sabotage(
        "gap_applied",
        "gateway/core/producer.py",
        "        if batch.seq > producer.received_seq + 1:",
        "        if False:",
        "tests/core/test_producer.py::test_a_gap_brings_one_nack",
    ),
    Sabotage(
        "fence_told_before_it_is_written",
        "gateway/core/producers.py",
        "            row.restart(epoch, next_seq)\n            row.epoch_durable = False",
        "            row.restart(epoch, next_seq)",
        "tests/core/test_exactly_once.py::test_a_raised_epoch_is_told_when_it_is_written",
    ),
    Sabotage(
        "older_epoch_let_in",
        "gateway/core/producers.py",
        "        if epoch < row.epoch:\n            return None",
        "        if False:\n            return None",
        "tests/core/test_producers.py::test_a_lower_epoch_is_fenced",
    ),
    Sabotage(
        "log_folded_in_as_the_kernel_shows_it",
        "gateway/store/log.py",
        "            wal.write_anew(schema.wal_file(file))",
        "            pass",
        "tests/simulation/test_world.py::test_a_power_cut_while_that_is_folded_in_which_a_failed_flush_left",
    ),
    Sabotage(
        "a_close_amid_fragments_is_a_fault",
        "gateway/server/framing.py",
        "                    protocol.current_size = None  # what was begun is given up with all else",
        "                    pass",
        "tests/server/test_framing.py::test_a_close_amid_fragments_is_a_good_close",
    ),
    Sabotage(
        "credit_not_bounded",
        "gateway/core/credit.py",
        "            got = self._pool.take(short, max(0, self._consumed + GUARANTEE - self.max_bytes))",
        "            got = short",
        "tests/core/test_credit.py::test_the_sum_of_credit_is_bounded_and_never_taken_back",
    ),
    Sabotage(
        "watermark_ahead",
        "analytics/time.py",
        "                if maximum > self.base:\n                    self.base = maximum",
        "                if maximum > self.base:\n                    self.base = self.maximum",
        "tests/analytics/test_time.py::test_base_is_the_minimum_of_the_sources",
    ),
    Sabotage(
        "ledger_forgets_the_rejected",
        "gateway/core/ledger.py",
        "            self.accepted -= 1\n            self.rejected += 1",
        "            self.accepted -= 1",
        f"{_WORLDS}[0]",
    ),
    Sabotage(
        "replayed_event_under_a_new_id",
        "gateway/core/letter.py",
        '            key = f"{self.source}:{self.received_at}:{self.identity}".encode()',
        '            key = f"{self.event}".encode()',
        "tests/core/test_letter.py::test_it_is_sent_at_its_time_under_one_id",
    ),
    Sabotage(
        "files_that_are_gone_are_not_missed",
        "gateway/store/writer.py",
        "            self._presence.check()",
        "            pass",
        "tests/store/test_presence.py::test_a_file_that_is_taken_away_ends_all_acknowledgement[events.db-wal]",
    ),
    Sabotage(
        "hash_of_a_restored_state_not_compared",
        "gateway/core/fold.py",
        '            if "state" in blobs and (wrong := State.from_bytes(blobs["state"]).differences(state)):',
        '            if "state" in blobs and (wrong := State({}).differences(State({}))):',
        "tests/core/test_state.py::test_a_restore_is_held_against_the_hashes[ledger]",
    ),
    Sabotage(
        "many_rows_at_the_time_of_the_last",
        "gateway/core/catchup.py",
        "        fold.apply(group.arrivals, fold.admit(group.arrivals), group.now, group.moments)",
        "        fold.apply(group.arrivals, fold.admit(group.arrivals), group.now, None)",
        "tests/core/test_catchup.py::test_groups_end_in_what_the_live_run_had",
    ),
    Sabotage(
        "a_clock_that_is_ahead_makes_rows_old",
        "gateway/server/steady.py",
        "min(now, round(self._start + passed))",
        "now",
        "tests/server/test_steady.py::test_it_never_runs_ahead_of_the_time_that_passed_and_never_back",
    ),
    *BETWEEN_PROCESSES,
)
