"""The English catalogue of what is said about the signer's log.  Data only; see design: wording."""

from __future__ import annotations

from vaultproof.signer_log.findings import Conclusion, Standing

STANDINGS = {
    Standing.CONTRADICTION: "Does NOT match",
    Standing.COULD_NOT_CHECK: "Could not be checked",
    Standing.NOTE: "Note",
}
NOTHING_WRONG = "Nothing was found wrong."
OPEN_QUESTION = "That is an open question, and not a contradiction."
"""Instead of ``NOTHING_WRONG`` where something was found, and only its explanation is not there."""
ABOUT_EPOCH = "Epoch {epoch}"
ABOUT_ALL = "The log"
MORE = "and {number} more of this kind, which are counted and not listed"
REPORTED_UNKNOWN = "Something was found that this program has no words for ({code})."

ASKED = frozenset(
    {
        "record-withdrawn",
        "brought-record-fails",
        "epoch-without-evidence",
        "evidence-without-epoch",
        "root-answer-differs",
        "log-goes-on",
    }
)
"""Findings that are open questions, and not checks that could not be made."""

CODES = {
    # one record
    "record-bad-signature": "The signature of this record does NOT hold under the key that the record names.",
    "record-other-serialisation": "The record's own serialised message is not what its fields give.",
    "record-before-key": "The record is older than the key that is said to have signed it.",
    "record-misplaced": "The log answered with a record of another epoch or namespace than was asked for.",
    "record-other-ciphersuite": "The record uses another ciphersuite than the one pinned for this namespace.",
    "record-before-root": "The signer signed a record for an epoch before the namespace's pinned first one.",
    "record-unreadable": "The answer for this epoch does not read as a record.",
    "record-key-not-pinned": "The record is by a key that is not pinned: valid or not, it is by a key you do not"
    " trust.",
    "record-not-checked": "This program or its engine cannot check this record.",
    # records together
    "first-epoch-not-root": "The first epoch is NOT the namespace's pinned root.",
    "record-time-back": "The time of this record is not later than that of the one before.",
    "record-digest-reused": "The same digest was logged at two epochs; the signer's own rule is that none is used"
    " twice.",
    "fork": "The signer signed two different records for this epoch. Both signatures hold; both cannot be the log.",
    "rival-bad-signature": "Another answer for this epoch was given, and its signature does NOT hold.",
    "rival-misplaced": "Another answer for this epoch was given, and it is a record of another epoch or namespace.",
    "rival-not-checked": "Another answer for this epoch was given, and it cannot be checked.",
    "brought-record-fails": "The record of this epoch was taken from a copy, and it does NOT hold. Whoever made the"
    " copy, a disk or the log may be at fault: it accuses nobody.",
    "brought-answer-fails": "A copy has another answer for this epoch, and that one does not hold. Whoever made the"
    " copy, a disk or the log may be at fault: it accuses nobody.",
    "brought-record-denied": "A copy has an answer for this epoch that does not hold, and the log itself says that it"
    " has no such epoch.",
    "rival-holds": "Another answer for this epoch was given, and that one holds.",
    "answer-reworded": "This epoch was answered in other bytes that say the same.",
    "answer-cut-short": "One answer for this epoch did not read as a record; another one did.",
    "epochs-missing": "These epochs have no record in this copy of the log.",
    "epochs-denied": "The log said that these epochs do not exist, although it has later ones."
    " Such an answer may be stale.",
    "no-records": "This copy of the log has no record of the namespace.",
    "log-goes-on": "The log speaks of a later epoch than the newest in this copy.",
    "record-withdrawn": "The log gave this record before, and now says that the epoch does not exist. The record"
    " is kept.",
    "log-unreachable": "The log did not answer, or not all of it came.",
    # what the log says of itself
    "log-namespace-not-pinned": "The trust configuration does not pin this namespace, so its first epoch is compared"
    " with"
    " nothing.",
    "namespace-not-fetched": "What the log says of the namespace is not in this copy.",
    "namespace-unreadable": "What the log says of the namespace cannot be read.",
    "namespace-disabled": "The log says that this namespace is disabled: no new epoch is signed there.",
    "root-answer-differs": "What the log says of the namespace's root is not what is pinned. That answer is not"
    " signed.",
    "info-not-fetched": "The keys that the signer advertises are not in this copy.",
    "info-unreadable": "What the signer says of its keys cannot be read.",
    "key-advertised-not-pinned": "The signer advertises a key that is not pinned here. Records by it cannot be checked"
    " until somebody pins it.",
    "key-pinned-not-advertised": "A pinned key is no longer advertised by the signer.",
    "key-dates-differ": "The signer says of a key that it is valid from another time than is pinned.",
    # keys in the logged files
    "keys-changed": "Fleet keys were added or removed with this epoch.",
    "role-changed-in-log": "A key that was there before was given another role.",
    "artifact-missing": "The key files of these epochs are not here, so what changed in them is not known.",
    "artifact-not-logged": "The file that stands for this epoch's keys is not the one that was logged.",
    "artifact-unreadable": "The logged file does not read as a list of fleet keys.",
    "changes-unknown": "What changed with this epoch is not known: its record does not hold, or the keys before it are"
    " not known.",
    # the log against published evidence
    "epoch-without-evidence": "This epoch was logged, and NO published deployment explains it. The grace period is"
    " over.",
    "epoch-awaits-evidence": "This epoch was logged, and no deployment is published for it yet. The grace period runs.",
    "evidence-without-epoch": "A deployment is published whose epoch this copy of the log does not have. The grace"
    " period"
    " is over.",
    "evidence-awaits-epoch": "A deployment is published whose epoch this copy of the log does not have yet. The grace"
    " period runs.",
    "evidence-unreadable": "A published deployment cannot be read.",
    "evidence-not-as-logged": "The key file of a published deployment is NOT the one that was logged at its epoch.",
    "epoch-left-out": "A published deployment tells the log's history and leaves this epoch OUT.",
    "epoch-claimed-twice": "Two published deployments claim this epoch as their own.",
    "key-unattested": "A key that this epoch added is gone from its deployment's last epoch: nobody attests it.",
}
"""A sentence for every code that a finding can have."""

ADVICE = {
    Standing.CONTRADICTION: "Keep the copy as it is, compare it with a copy from another place, and tell the operator"
    " and the independent signer what you saw.",
    Standing.COULD_NOT_CHECK: "Treat it as unknown, not as good.",
}
ADVICE_BY_CODE = {
    "fork": "Write it to a file that stands by itself (vaultproof log audit --forks FOLDER), and show that to others.",
    "record-unreadable": "It may have been cut on the way. Fetch again later.",
    "brought-record-fails": "Ask the log itself: vaultproof log fetch asks for this epoch again. Keep the copy, and ask"
    " whoever made it.",
    "epochs-missing": "Fetch again: vaultproof log fetch.",
    "epochs-denied": "Fetch again later. If the log keeps saying so, ask the independent signer.",
    "no-records": "Fetch it first: vaultproof log fetch.",
    "log-goes-on": "Fetch again: vaultproof log fetch.",
    "log-unreachable": "Try again later.",
    "record-withdrawn": "Such an answer may be stale. If the log keeps saying so, ask the independent signer.",
    "namespace-not-fetched": "Fetch again: vaultproof log fetch.",
    "info-not-fetched": "Fetch again: vaultproof log fetch.",
    "record-key-not-pinned": "Look up in other places whose key it is, before you pin it or rely on the record.",
    "key-advertised-not-pinned": "Look up in other places whose key it is, before you pin it.",
    "log-namespace-not-pinned": "Give a trust configuration that pins it, if you know its first epoch from elsewhere.",
    "artifact-missing": "Say where they are: vaultproof log fetch --artifacts.",
    "artifact-not-logged": "Ask whoever gave the file.",
    "epoch-without-evidence": "Ask the operator what was logged there. A key that is logged and never announced is what"
    " this check is for.",
    "epoch-left-out": "Ask the operator what was logged there, and keep its published history as it is.",
    "evidence-without-epoch": "Fetch the log again; then ask the operator.",
}
"""What to do about single codes; ``ADVICE`` has what is to be done about the rest."""

LABELS = {
    "reason": "Reason",
    "advertised-key": "Holds under the advertised key",
    "first-answer-seen": "First answer seen",
    "other-answer-seen": "Other answer seen",
    "first-answer-brought": "First answer, as a copy says",
    "other-answer-brought": "Other answer, as a copy says",
    "denied-at": "First denied",
    "denied-in-copy": "First denied, as a copy says",
    "since-epoch": "Compared with epoch",
    "key-added": "Key added (SHA-256)",
    "key-removed": "Key removed (SHA-256)",
    "logged-at": "Logged",
    "due": "Grace period ends",
    "said-to-belong-to": "Said to belong to",
    "trouble": "What was in the way",
}
"""Labels of facts that only findings about the log have; the rest is in ``english.LABELS``."""

INSTEAD = {"fork": "the first answer says", "role-changed-in-log": "before"}
"""What stands before the other value of a fact, where nobody *expected* it."""

SUBJECTS = {
    "fork": "Other answer (SHA-256)",
    "rival-bad-signature": "Other answer (SHA-256)",
    "rival-misplaced": "Other answer (SHA-256)",
    "rival-not-checked": "Other answer (SHA-256)",
    "rival-holds": "Other answer (SHA-256)",
    "brought-answer-fails": "Other answer (SHA-256)",
    "brought-record-fails": "Answer (SHA-256)",
    "brought-record-denied": "Answer (SHA-256)",
    "answer-reworded": "Other answer (SHA-256)",
    "answer-cut-short": "Answer (SHA-256)",
    "record-unreadable": "Answer (SHA-256)",
    "record-digest-reused": "Digest",
    "role-changed-in-log": "Key (SHA-256)",
    "key-unattested": "Key (SHA-256)",
    "evidence-unreadable": "Folder or archive",
}
"""What the subject of a finding is; others' subjects stand among their facts."""

CONCLUSIONS = {
    Conclusion.HOLDS: "Everything that was looked at holds.",
    Conclusion.CONTRADICTED: "Something does NOT match.",
    Conclusion.COULD_NOT_CHECK: "Something is open or could not be checked. Nothing contradicts.",
}
HOLDS_COUNTED = "Everything that was looked at holds: {count:,} epochs, {first} to {last}, and the signature of each."
HOLDS_ONE = "Everything that was looked at holds: epoch {first} and its signature."
"""``CONCLUSIONS`` for a log that holds, where it is known how much was looked at."""
TITLES = {
    Conclusion.HOLDS: "Holds",
    Conclusion.CONTRADICTED: "Contradicted",
    Conclusion.COULD_NOT_CHECK: "Could not check",
}
AUDIT_ESTABLISHES = (
    "That every record in this copy, from epoch {first} to {last}, is signed by a pinned key of the signer.",
    "That no epoch between them is missing, that the times rise, and that no digest was logged twice.",
)
AUDIT_DOES_NOT_ESTABLISH = (
    "That the signer gives everybody the same records: compare this copy with a copy from another place.",
    "What the logged keys are used for, or that the HSMs that hold them are honest.",
    "That this copy is as new as the log: it says when it was made.",
)
RECONCILE_ESTABLISHES = (
    "That every epoch in this copy belongs to a deployment in this folder, and the other way round.",
)
RECONCILE_DOES_NOT_ESTABLISH = (
    "That the published evidence of those deployments holds: each has a check of its own.",
    "That nothing was published in other places.",
)
FORK_HOLDS = "It holds: both records are signed under the keys in the file, and say different things of one epoch."
FORK_WHOSE = {
    True: "Each key is pinned as a key of {signer}. Only somebody with its private keys can have made both records.",
    False: "The keys are not pinned together as keys of one signer. Anybody can make such a file with own keys.",
}
EVENTS = {"new": "New", "changed": "Changed", "gone": "Gone", "back": "Back"}
FEED_TITLE = "Findings about {namespace}"
FEED_GONE = "This is no longer found."
