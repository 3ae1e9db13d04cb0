// The house rules that a compiler does not check: sizes, the direction inside Palisade.Policy, names, and that
// ARCHITECTURE.md names what exists. Run by ./build.sh lint; prints every breach and ends with 1 if there is one.
using System.Text.RegularExpressions;

const int MaxFile = 500, MaxMethod = 70, MaxLine = 120;
var root = Directory.GetCurrentDirectory();
var breaches = new List<string>();
// A file or method over its size stands here with the reason; nothing else is let through.
var allowed = File.ReadAllLines(Path.Combine(root, "eng", "tidy-allowed.txt"))
    .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('|')[0].Trim()).ToHashSet();

var sources = new[] { "src", "tests", "benchmarks", "eng" }
    .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories))
    .Where(path => !path.Contains("/obj/") && !path.Contains("/bin/")).Order(StringComparer.Ordinal).ToList();
foreach (var path in sources)
    CheckFile(Path.GetRelativePath(root, path), File.ReadAllLines(path));
CheckArchitecture();
foreach (var breach in breaches)
    Console.Error.WriteLine(breach);
Console.WriteLine($"tidy: {sources.Count} files, {breaches.Count} breaches");
return breaches.Count == 0 ? 0 : 1;

void CheckFile(string path, string[] lines)
{
    if (lines.Length > MaxFile)
        Report(path, "file", $"{lines.Length} lines, more than {MaxFile}");
    for (var i = 0; i < lines.Length; i++)
    {
        if (lines[i].Length > MaxLine && !lines[i].Contains("\"\"\"") && !lines[i].TrimStart(' ', '+').StartsWith('"'))
            Report(path, $"line {i + 1}", $"{lines[i].Length} characters, more than {MaxLine}");
        if (path.StartsWith("src/") && Regex.IsMatch(lines[i], @"^\s*#region|\bdynamic\b\s+\w+\s*=|^\s*goto\s"))
            Report(path, $"line {i + 1}", "region, dynamic or goto");
        var type = Regex.Match(
            lines[i],
            @"^\s*(?:(?:public|internal|private|sealed|static|abstract|readonly|partial) )*"
            + @"(?:class|record|struct|interface|enum)(?: struct| class)? (\w+)");
        if (path.StartsWith("src/") && type.Success
            && Regex.IsMatch(type.Groups[1].Value, "(Dto|Info|Data|Helper|Manager|Utils|Common)$"))
            Report(path, $"line {i + 1}", $"{type.Groups[1].Value}: say what it is (ARCHITECTURE.md, names)");
    }

    CheckMethods(path, lines);
    CheckDirection(path, lines);
}

// A member's body opens and closes with a brace alone on its line, at the indent of its signature.
void CheckMethods(string path, string[] lines)
{
    for (var start = 1; start < lines.Length; start++)
    {
        var open = Regex.Match(lines[start], @"^( {4,12})\{$");
        var head = lines[start - 1];
        // A type's head can end like a method's; its members are measured one by one.
        if (!open.Success || !Regex.IsMatch(head, @"^ {4,}.*\)( where .*)?$")
            || Regex.IsMatch(
                head, @"^\s*(if|for|foreach|while|using|lock|switch|else|fixed)\b|\b(class|record|struct) | = new\b"))
            continue;
        var end = Array.FindIndex(lines, start, line => line == open.Groups[1].Value + "}");
        if (end - start - 1 > MaxMethod)
            Report(path, head.Trim(), $"{end - start - 1} lines, more than {MaxMethod}");
    }
}

// Inside Policy: {Sets, Selectors} <- Model <- Compile <- {Evaluate, Analyze, Cloud}.
void CheckDirection(string path, string[] lines)
{
    var room = Regex.Match(path, "^src/Palisade.Policy/(Sets|Selectors|Model|Compile)/").Groups[1].Value;
    string[] above = room switch
    {
        "Sets" or "Selectors" => ["Model", "Compile", "Evaluate", "Analyze", "Cloud"],
        "Model" => ["Compile", "Evaluate", "Analyze", "Cloud"],
        "Compile" => ["Evaluate", "Analyze", "Cloud"],
        _ => [],
    };
    foreach (var name in above.Where(name => lines.Any(line => line.StartsWith($"using Palisade.Policy.{name}"))))
        Report(path, "using", $"{room} may not know {name}");
}

void CheckArchitecture()
{
    var text = File.ReadAllText(Path.Combine(root, "ARCHITECTURE.md"));
    foreach (Match match in Regex.Matches(
        text, @"`((?:src|tests|docs|eng|examples|cases|benchmarks|deploy)/[\w./-]+)`"))
    {
        var target = Path.Combine(root, match.Groups[1].Value);
        if (!File.Exists(target) && !Directory.Exists(target))
            breaches.Add($"ARCHITECTURE.md names {match.Groups[1].Value}, which does not exist");
    }

    foreach (var project in Directory.EnumerateDirectories(Path.Combine(root, "src")).Select(Path.GetFileName))
    {
        if (!text.Contains(project!))
            breaches.Add($"ARCHITECTURE.md does not name {project}");
    }
}

void Report(string path, string what, string why)
{
    if (!allowed.Contains($"{path}: {what}"))
        breaches.Add($"{path}: {what}: {why}");
}
