using System.Globalization;
using System.Text.Json.Nodes;

namespace Palisade.Agent;

/// <summary>One condition of the Node, as it is said again and again. One thread's at a time.</summary>
internal sealed class NodeCondition(string type)
{
    private string _status = "";
    private string _since = "";

    /// <summary>Whether it was said once.</summary>
    public bool WasSaid => _since.Length > 0;

    /// <summary>The condition now; its transition is when its status last became another.</summary>
    public JsonObject Say(string status, string reason, string message, string now)
    {
        if (_status != status)
            (_since, _status) = (now, status);
        return new()
        {
            ["type"] = type,
            ["status"] = status,
            ["reason"] = reason,
            ["message"] = message,
            ["lastHeartbeatTime"] = now,
            ["lastTransitionTime"] = _since,
        };
    }

    /// <summary>A time as the API writes it: metav1.Time, in whole seconds.</summary>
    public static string TextOf(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
