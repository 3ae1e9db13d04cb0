using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Tables;

/// <summary>The row of a pod, as printPod of kubernetes/pkg/printers/internalversion computes it.</summary>
internal static class PodRow
{
    public static TableRow Of(JsonObject pod, DateTimeOffset now)
    {
        var tally = new Tally(pod);
        var status = pod["status"];
        var addresses = Cell.Objects(status?["podIPs"]).Select(ip => Cell.Text(ip["ip"])).FirstOrDefault("");
        return new TableRow(
            [
                Cell.Name(pod),
                $"{tally.Ready}/{tally.Total}",
                tally.Reason,
                tally.RestartText(now),
                Cell.Age(pod, now),
                Cell.OrNone(addresses.Length > 0 ? addresses : Cell.Text(status?["podIP"])),
                Cell.OrNone(Cell.Text(pod["spec"]?["nodeName"])),
                Cell.OrNone(Cell.Text(status?["nominatedNodeName"])),
                ReadinessGates(pod),
            ],
            Completed: Cell.Text(status?["phase"]) is "Succeeded" or "Failed");
    }

    private static string ReadinessGates(JsonObject pod)
    {
        var gates = Cell.Objects(pod["spec"]?["readinessGates"]).Select(gate => Cell.Text(gate["conditionType"]))
            .ToList();
        if (gates.Count == 0)
            return Cell.None;
        var met = Cell.Objects(pod["status"]?["conditions"])
            .Count(c => gates.Contains(Cell.Text(c["type"])) && Cell.Text(c["status"]) == "True");
        return $"{met}/{gates.Count}";
    }

    /// <summary>
    /// What the containers' states come to: ready and total, restarts, and the word of the Status column.
    /// </summary>
    private sealed class Tally
    {
        private readonly JsonObject _pod;
        private readonly HashSet<string> _sidecars;
        private long _restarts;
        private long _sidecarRestarts;
        private DateTimeOffset? _lastRestart;
        private DateTimeOffset? _lastSidecarRestart;

        public Tally(JsonObject pod)
        {
            _pod = pod;
            var phase = Cell.Text(pod["status"]?["phase"]);
            var reason = Cell.Text(pod["status"]?["reason"]);
            Reason = reason.Length > 0 ? reason : phase;
            var inits = Cell.Objects(pod["spec"]?["initContainers"]).ToList();
            _sidecars = [.. inits.Where(c => Cell.Text(c["restartPolicy"]) == "Always").Select(Name)];
            Total = Cell.Objects(pod["spec"]?["containers"]).Count() + _sidecars.Count;
            if (IsGated())
                Reason = "SchedulingGated";
            if (!TellInits(inits.Count) || IsInitialized())
                TellContainers();
            if (pod["metadata"]?["deletionTimestamp"] is not null)
                Reason = reason == "NodeLost" ? "Unknown" : phase is "Succeeded" or "Failed" ? Reason : "Terminating";
        }

        public string Reason { get; private set; }

        public int Total { get; }

        public int Ready { get; private set; }

        public string RestartText(DateTimeOffset now) =>
            _restarts > 0 && _lastRestart is { } at
                ? $"{_restarts} ({HumanDuration.Of(now - at)} ago)"
                : $"{_restarts}";

        private static string Name(JsonObject container) => Cell.Text(container["name"]);

        private bool IsGated() =>
            Cell.Conditions(_pod["status"], "PodScheduled").Any(c => Cell.Text(c["reason"]) == "SchedulingGated");

        private bool IsInitialized() => Cell.Holds(_pod["status"], "Initialized");

        // Init containers run one after the other: the first that has not done its part names the state.
        private bool TellInits(int count)
        {
            var index = 0;
            foreach (var status in Cell.Objects(_pod["status"]?["initContainerStatuses"]))
            {
                CountRestarts(status);
                var isSidecar = _sidecars.Contains(Name(status));
                if (isSidecar)
                {
                    _sidecarRestarts += Cell.Number(status["restartCount"]);
                    _lastSidecarRestart = Later(_lastSidecarRestart, FinishedBefore(status));
                }

                var terminated = status["state"]?["terminated"];
                if (terminated is not null && Cell.Number(terminated["exitCode"]) == 0)
                {
                    index++;
                    continue;
                }

                if (isSidecar && Cell.Flag(status["started"]))
                {
                    Ready += Cell.Flag(status["ready"]) ? 1 : 0;
                    index++;
                    continue;
                }

                Reason = "Init:" + Stuck(status, terminated, $"{index}/{count}");
                return true;
            }

            return false;
        }

        private static string Stuck(JsonObject status, JsonNode? terminated, string progress)
        {
            if (terminated is not null)
                return EndOf(terminated);
            var waiting = Cell.Text(status["state"]?["waiting"]?["reason"]);
            return waiting.Length > 0 && waiting != "PodInitializing" ? waiting : progress;
        }

        private void TellContainers()
        {
            _restarts = _sidecarRestarts;
            _lastRestart = _lastSidecarRestart;
            var running = false;
            foreach (var status in Cell.Objects(_pod["status"]?["containerStatuses"]).Reverse())
            {
                CountRestarts(status);
                var state = status["state"];
                var waiting = Cell.Text(state?["waiting"]?["reason"]);
                if (waiting.Length > 0)
                {
                    Reason = waiting;
                }
                else if (state?["terminated"] is { } terminated)
                {
                    Reason = EndOf(terminated);
                }
                else if (Cell.Flag(status["ready"]) && state?["running"] is not null)
                {
                    running = true;
                    Ready++;
                }
            }

            if (Reason == "Completed" && running)
                Reason = Cell.Holds(_pod["status"], "Ready") ? "Running" : "NotReady";
        }

        private static string EndOf(JsonNode terminated)
        {
            var reason = Cell.Text(terminated["reason"]);
            if (reason.Length > 0)
                return reason;
            var signal = Cell.Number(terminated["signal"]);
            return signal != 0 ? $"Signal:{signal}" : $"ExitCode:{Cell.Number(terminated["exitCode"])}";
        }

        private void CountRestarts(JsonObject status)
        {
            _restarts += Cell.Number(status["restartCount"]);
            _lastRestart = Later(_lastRestart, FinishedBefore(status));
        }

        private static DateTimeOffset? FinishedBefore(JsonObject status) =>
            Cell.Time(status["lastState"]?["terminated"]?["finishedAt"]);

        private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b ?? a : a;
    }
}
