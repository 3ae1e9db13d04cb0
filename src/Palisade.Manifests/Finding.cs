using Palisade.Kubernetes.Convert;
using Palisade.Policy.Model;

namespace Palisade.Manifests;

/// <summary>
/// The diagnostics of reading manifests: one method per id, so that texts and ways out stand in one place.
/// </summary>
internal static class Finding
{
    public static Diagnostic Unreadable(string path, string reason) =>
        Error("PL-D001", $"cannot read {(path.Length == 0 ? "\"\"" : path)}: {reason}", new(path, 0, 0),
            "give a manifest file, a directory, or - for standard input");

    public static Diagnostic NotUtf8(SourceLocation at) =>
        Error("PL-D002", "invalid UTF-8", at, "save the file as UTF-8");

    public static Diagnostic TooLarge(SourceLocation at, long bytes, int most) =>
        Error("PL-D003", $"the document has {bytes} bytes, more than the limit of {most}", at,
            "split it: the API server takes at most 3145728 bytes an object");

    public static Diagnostic BadYaml(SourceLocation at, string message) =>
        Error("PL-D004", $"error converting YAML to JSON: yaml: line {at.Line}: {message}", at,
            "correct the YAML at this place");

    public static Diagnostic NoSeparator(SourceLocation at, string text) =>
        Error("PL-D004", $"invalid Yaml document separator: {text}", at, "write --- alone on its line");

    public static Diagnostic BadJson(SourceLocation at, string message) =>
        Error("PL-D005", $"json: line {at.Line}: {message}", at, "correct the JSON at this place");

    public static Diagnostic Bounds(SourceLocation at, string message) =>
        Error("PL-D006", message, at, "write the values out, with less nesting and fewer aliases");

    public static Diagnostic RepeatedKey(SourceLocation at, string name) =>
        Warning("PL-D007", $"key \"{name}\" stands more than once in this mapping; only the last one counts", at,
            "remove one of them");

    public static Diagnostic NotAnObject(SourceLocation at, string kind) =>
        Error("PL-D008", $"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}", at,
            "a manifest is a mapping with apiVersion, kind and metadata");

    public static Diagnostic Missing(SourceLocation at, string field) =>
        Error("PL-D009", $"error validating data: {field} not set", at, $"add {field}, or leave the file out");

    public static Diagnostic UnknownKind(SourceLocation at, string text, string name) =>
        Warning("PL-D010", text, at, "nothing here depends on it; check apiVersion and kind if it should count", name);

    public static Diagnostic OldPolicy(SourceLocation at, string text, string name) =>
        Error("PL-D010", text, at, "no answer counts it; write it as networking.k8s.io/v1, NetworkPolicy", name);

    public static Diagnostic Undecodable(SourceLocation at, string text, string name, bool counts) =>
        Refused("PL-D011", at, text, name, counts);

    public static Diagnostic Invalid(SourceLocation at, string text, string name, bool counts) =>
        Refused("PL-D012", at, text, name, counts);

    public static Diagnostic Closed(string id, SourceLocation at, string text, string name) => Error(
        id, text, at, "the API server would refuse the object; the answers count it, closed where it says this", name);

    private static Diagnostic Refused(string id, SourceLocation at, string text, string name, bool counts) => counts
        ? Warning(id, text, at, "the API server would refuse the object, though the answers count it; correct it", name)
        : Error(id, text, at, "the API server would refuse the object, and no answer counts it; correct it", name);

    public static Diagnostic ServerWarning(SourceLocation at, string text, string name) =>
        Warning("PL-D013", text, at, "the API server accepts it with this warning", name);

    public static Diagnostic Twice(SourceLocation at, SourceLocation before, string name) =>
        Warning("PL-D014", $"the same object stands at {before}; only this one counts", at,
            "remove or rename one of them", name);

    public static Diagnostic NullItem(SourceLocation at, string path, string meaning, string name) =>
        Warning("PL-D015", $"{path} is null, which means {meaning}", at,
            "write {} if that is meant, or remove the empty item", name);

    public static Diagnostic NotJudged(SourceLocation at, string kind, string name) =>
        Warning("PL-D017", $"{kind} is not judged in this version; the answers are given as if it were not there", at,
            "read the answers with that in mind", name);

    public static Diagnostic LetterIsBoolean(SourceLocation at, string text, string name) =>
        Warning("PL-D019", $"{text}; the answers here read the letter as text", at,
            "quote y and n: kubectl's YAML 1.1 makes booleans of them", name);

    public static Diagnostic NoManifests(string path) =>
        Warning("PL-D018", $"no .yaml, .yml or .json file below {path}", new(path, 0, 0),
            "name the directory that holds the manifests");

    private static Diagnostic Error(string id, string text, SourceLocation at, string wayOut, string? name = null) =>
        new(id, Severity.Error, text, at, wayOut, name);

    private static Diagnostic Warning(string id, string text, SourceLocation at, string wayOut, string? name = null) =>
        new(id, Severity.Warning, text, at, wayOut, name);
}
