using System.Text.Json.Nodes;

namespace Palisade.ApiServer;

/// <summary>A refusal in the API server's own words: what a client gets as a Status object.</summary>
public sealed class StatusException : Exception
{
    /// <summary>A refusal without details.</summary>
    public StatusException(int code, string reason, string message)
        : this(code, reason, message, null)
    {
    }

    internal StatusException(int code, string reason, string message, JsonObject? details)
        : base(message)
    {
        Code = code;
        Reason = reason;
        Details = details;
    }

    /// <summary>The HTTP status code.</summary>
    public int Code { get; }

    /// <summary>metav1.StatusReason: NotFound, Conflict, Invalid …; empty when unknown.</summary>
    public string Reason { get; }

    internal JsonObject? Details { get; }

    /// <summary>metadata.continue: how to get the rest of a list that was too slow; null where there is none.</summary>
    internal string? Continue { get; init; }

    /// <summary>The Status object a client gets.</summary>
    public JsonObject ToStatus()
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = Message,
        };
        if (Continue is not null)
            status["metadata"]!["continue"] = Continue;
        if (Reason.Length > 0)
            status["reason"] = Reason;
        if (Details is not null)
            status["details"] = Details.DeepClone();
        status["code"] = Code;
        return status;
    }
}
