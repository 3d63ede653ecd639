@echo off
echo one & echo two&echo three
echo a^&b ^| ^< ^> ^^ "quoted & | < > ^"
echo continued ^
line
set LF=^


setlocal enabledelayedexpansion
echo two!LF!lines
endlocal
(echo in block & echo still) & echo out
if 1==1 (echo yes) else (echo no)
if 1==2 (echo yes) else if 2==2 (echo second) else (echo third)
if 1==2 echo no & echo also no
if 1==1 echo yes & echo also yes
if not 1==1 (
  echo no
) else (
  echo multi
  echo line
)
ver >nul && echo and-ok || echo and-fail
cd nosuchdirectory 2>nul && echo and-ok || echo and-fail
echo redirected> "out file.txt"
echo appended>> "out file.txt"
type "out file.txt"
echo 2> numbers.txt
for %%i in (numbers.txt) do echo size %%~zi
>first.txt echo redirection first
type first.txt
(echo to out & echo to err 1>&2) > both.txt 2>&1
type both.txt
echo error 1>&2 2>nul
nosuch 2>nul || echo failed
echo(paren
echo.
echo.dot
echo/slash
echo:colon
echo,comma
echo;semi
echo=equals
echo[bracket
echo+plus
echo "quoted"
echo   leading spaces kept
echo tab	inside
:: a comment label with & | > stuff
:label with words
rem a remark & echo not run
@echo at sign
@@echo two at signs
set /p line=<"out file.txt"
echo got %line%
for %%i in (a,b;c=d	e) do echo item %%i
for %%i in ("a,b" c) do echo item %%i
if "a b"=="a b" echo quoted equal
if a == a echo spaces around
if a NEQ b echo neq
if 010 EQU 8 echo octal
if 0x10 EQU 16 echo hex
if abc LSS abd echo strings
if errorlevel 0 echo level
if not errorlevel 1 echo not level 1
(
echo block one
rem remark in block )
echo block two
)
echo done > nul
3>nul echo handle
echo x 3>&1 1>nul 2>nul
