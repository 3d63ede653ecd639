@echo off
for /l %%i in (1,2,7) do echo up %%i
for /l %%i in (3,-1,1) do echo down %%i
for /l %%i in (5,1,4) do echo never
md sub\deep 2>nul
echo b> b.txt
echo a> a.txt
echo c> sub\c.txt
echo d> sub\deep\d.txt
for %%f in (*.txt) do echo file %%f
for %%f in (nothing*.txt x.y) do echo plain %%f
for /d %%d in (*) do echo dir %%d
for /r %%f in (*.txt) do echo tree %%~nxf
for /r sub %%f in (.) do echo root %%~nxf
for /d /r %%d in (*) do echo below %%~nxd
(
echo one two three
echo ; a comment
echo.
echo   four   five
echo six,seven;eight
)> data.txt
for /f %%a in (data.txt) do echo 1 [%%a]
for /f "tokens=1,2*" %%a in (data.txt) do echo 2 [%%a] [%%b] [%%c]
for /f "delims=" %%a in (data.txt) do echo 3 [%%a]
for /f "tokens=2 delims=,;" %%a in (data.txt) do echo 4 [%%a]
for /f "skip=3 tokens=*" %%a in (data.txt) do echo 5 [%%a]
for /f "eol=o tokens=1-3" %%a in (data.txt) do echo 6 [%%a] [%%b] [%%c]
for /f "tokens=3,1" %%a in ("x y z") do echo 7 [%%a] [%%b]
for /f "usebackq delims=" %%a in ("data.txt") do echo 8 [%%a]
for /f "usebackq" %%a in (`echo back quote`) do echo 9 [%%a]
for /f "usebackq tokens=2" %%a in ('single quote') do echo 10 [%%a]
for /f "tokens=2 delims==" %%a in ('set path_test 2^>nul') do echo 11 [%%a]
set path_test=value here
for /f "tokens=2 delims==" %%a in ('set path_test') do echo 12 [%%a]
for /f "delims=" %%a in ('echo a^&echo b') do echo 13 [%%a]
for %%i in (1 2) do for %%j in (x y) do echo %%i%%j
for %%i in (1 2 3) do (
  if %%i==2 (
    echo two
  ) else (
    echo not two: %%i
  )
)
for /l %%i in (1,1,5) do (
  if %%i==3 goto out
  echo before %%i
)
:out
echo out of the loop
for /f %%a in (nosuchfile.txt) do echo never
for %%i in () do echo never
for %%a in (x) do for %%b in (y) do echo %%a%%b%%c
for %%i in (%*) do echo arg %%i
